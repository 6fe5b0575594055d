import { expect, test } from "vitest";
import type { Model } from "../api/types";
import { fits, readSort, sorted } from "./pricesort";

function model(name: string, input: string, output: string, context: number | null): Model {
    return {
        id: name.toLowerCase(),
        name,
        owned_by: "maker",
        created: 0,
        context_length: context,
        max_output_tokens: 1,
        available: true,
        capabilities: ["vision"],
        supported_endpoints: ["/v1/chat/completions"],
        pricing: { input, cached_input: input, output },
    };
}

// Prices that texts order wrongly, and two that a floating-point number could not tell apart.
const MODELS = [
    model("Dear", "10.00", "0.30", 8000),
    model("Cheap", "9.5", "0.300000000000000002", null),
    model("Free", "0", "0.300000000000000001", 128000),
];
const names = (models: Model[]) => models.map(({ name }) => name).join(" ");

test("by what is asked for", () => {
    expect(names(sorted(MODELS, "name"))).toBe("Cheap Dear Free");
    expect(names(sorted(MODELS, "input"))).toBe("Free Cheap Dear");
    expect(names(sorted(MODELS, "output"))).toBe("Dear Free Cheap");
    expect(names(sorted(MODELS, "context"))).toBe("Free Dear Cheap");
    expect(names(MODELS)).toBe("Dear Cheap Free");
});

test("what nobody can sort by is the name", () => {
    expect(readSort(null)).toBe("name");
    expect(readSort("__proto__")).toBe("name");
    expect(readSort("output")).toBe("output");
});

test("each word is somewhere", () => {
    const found = (search: string) => MODELS.filter((one) => fits(one, search)).length;
    expect(found("")).toBe(3);
    expect(found("VISION maker")).toBe(3);
    expect(found("vision dear")).toBe(1);
    expect(found("audio dear")).toBe(0);
});
