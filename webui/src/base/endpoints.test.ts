import { expect, test } from "vitest";
import { talks } from "./endpoints";

test("a model talks where conversations are held", () => {
    const at = (...paths: string[]) => talks({ supported_endpoints: paths });
    expect(at("/v1/chat/completions", "/v1/messages")).toBe(true);
    expect(at("/v1/embeddings", "/v1/chat/completions")).toBe(true);
    expect(at("/v1/completions")).toBe(false);
    expect(at("/v1/embeddings")).toBe(false);
    expect(at()).toBe(false);
});
