import jsQR from "jsqr";
import { expect, test } from "vitest";
import { qrPath } from "./qr";

const SCALE = 4;

/** The picture that the path draws, as a camera sees it. */
function draw({ size, path }: ReturnType<typeof qrPath>) {
    const side = size * SCALE;
    const pixels = new Uint8ClampedArray(side * side * 4).fill(255);
    for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
        for (let dy = 0; dy < SCALE; dy++) {
            for (let dx = 0; dx < SCALE; dx++) {
                const at = ((Number(y) * SCALE + dy) * side + Number(x) * SCALE + dx) * 4;
                pixels.fill(0, at, at + 3);
            }
        }
    }
    return { pixels, side };
}

const LONGEST = "a".repeat(64) + "@" + "b".repeat(185) + ".com";

test.each(["someone@example.com", LONGEST])("another reader reads it: %s", (email) => {
    const label = encodeURIComponent(`LLM Gateway:${email}`);
    const uri = `otpauth://totp/${label}?secret=${"ABCDEFGH234567XY".repeat(2)}&issuer=LLM%20Gateway`;
    const { pixels, side } = draw(qrPath(uri));
    expect(jsQR(pixels, side, side)?.data).toBe(uri);
});
