import { expect, it } from "vitest";
import { cosine, pairs, vectorOf } from "./vectors";

it("says how alike two vectors are", () => {
    expect(cosine([1, 0], [2, 0])).toBe(1);
    expect(cosine([1, 0], [0, 3])).toBe(0);
    expect(cosine([1, 2], [-1, -2])).toBeCloseTo(-1, 12);
    expect(cosine([3, 4], [4, 3])).toBeCloseTo(24 / 25, 12);
    expect(cosine([0, 0], [1, 1])).toBeNull();
});

it("has each two once, the most alike first", () => {
    const found = pairs([
        [1, 0],
        [0, 1],
        [1, 0.1],
    ]);
    expect(found.map(({ first, second }) => [first, second])).toEqual([
        [0, 2],
        [1, 2],
        [0, 1],
    ]);
    expect(pairs([[1]])).toEqual([]);
});

it("reads floats of 32 bits in base64", () => {
    expect(vectorOf("AAAAPwAAoL8=")).toEqual([0.5, -1.25]);
    expect(vectorOf([1, 2])).toEqual([1, 2]);
    for (const other of [undefined, null, [1, "x"], [[1]], { float: [1] }, "!!"]) {
        expect(() => vectorOf(other)).toThrow();
    }
});
