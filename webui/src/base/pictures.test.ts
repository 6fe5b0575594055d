import { expect, it } from "vitest";
import { pictureType, pictureUrl } from "./pictures";

it("recognises a picture by its first bytes", () => {
    const of = (...bytes: number[]) => pictureType(btoa(String.fromCharCode(...bytes, 0, 0, 0, 0)));
    expect(of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)).toBe("png");
    expect(of(0xff, 0xd8, 0xff, 0xe0)).toBe("jpeg");
    expect(of(0x52, 0x49, 0x46, 0x46)).toBe("webp");
    expect(of(0x47, 0x49, 0x46, 0x38)).toBe("gif");
    expect(of(1, 2, 3)).toBe("png");
    expect(pictureUrl("/9j/4AAQ")).toBe("data:image/jpeg;base64,/9j/4AAQ");
});
