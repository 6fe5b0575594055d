import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { leadingZeros, sha256, solve } from "./sha256";

const hex = (text: string) =>
    [...sha256(text)].map((word) => word.toString(16).padStart(8, "0")).join("");
const reference = (text: string) => createHash("sha256").update(text).digest("hex");

test("agrees with the reference for every length around the blocks", () => {
    for (let length = 0; length < 300; length++) {
        const text = Array.from({ length }, (_, i) =>
            String.fromCharCode(32 + ((i * 7) % 90)),
        ).join("");
        expect(hex(text)).toBe(reference(text));
    }
});

test("counts the zeros in front", () => {
    for (let number = 0; number < 2000; number++) {
        const text = String(number);
        const bits = BigInt("0x" + reference(text)).toString(2);
        expect(leadingZeros(text)).toBe(256 - bits.length);
    }
});

test("solves a challenge", () => {
    const proof = solve("9.1.abc.def", 9);
    expect(proof).toMatch(/^9\.1\.abc\.def:\d+$/);
    expect(leadingZeros(proof)).toBeGreaterThanOrEqual(9);
});
