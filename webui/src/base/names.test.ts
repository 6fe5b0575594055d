import { expect, test } from "vitest";
import { distinctNames } from "./names";

const named = (rows: [string, string][]) =>
    distinctNames(
        rows,
        ([name]) => name,
        ([, mark]) => mark,
    );

test("a name that is alone stays as it is", () => {
    expect(named([["a", "1"], ["b", "2"]])).toEqual(["a", "b"]); // prettier-ignore
});

test("each of those that are called alike has its mark", () => {
    const rows: [string, string][] = [
        ["a", "1"],
        ["b", "2"],
        ["a", "3"],
    ];
    expect(named(rows)).toEqual(["a (1)", "b", "a (3)"]);
});
