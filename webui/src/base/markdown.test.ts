import { expect, it } from "vitest";
import { parseMarkdown, safeAddress } from "./markdown";

it("knows blocks", () => {
    const kinds = parseMarkdown("# a\n\n- b\n\n```js\nc\n```\n\n|d|\n|-|\n|e|")?.map(
        ({ type }) => type,
    );
    expect(kinds?.filter((kind) => kind !== "space")).toEqual(["heading", "list", "code", "table"]);
});

it("gives up on what is nested by the hundred, and on very long texts", () => {
    for (const text of [">".repeat(20_000), "- ".repeat(500) + "x", "*a ".repeat(90_000)]) {
        expect(parseMarkdown(text)).toBeNull();
    }
    expect(parseMarkdown("> ".repeat(5) + "x")).not.toBeNull();
});

it("lets links lead to other pages only", () => {
    expect(safeAddress("https://example.com/a?b")).toBe("https://example.com/a?b");
    expect(safeAddress("mailto:a@example.com")).toBe("mailto:a@example.com");
    const bad = ["javascript:alert(1)", " javascript:x", "java\nscript:x", "data:text/html,x"];
    for (const address of [
        ...bad,
        "vbscript:x",
        "//example.com",
        "/api/auth/signout",
        "file:///",
    ]) {
        expect(safeAddress(address)).toBeNull();
    }
});
