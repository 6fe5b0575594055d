import { expect, it } from "vitest";
import { perSecond } from "./rate";

const at = (seconds: number) => new Date(1_800_000_000_000 + seconds * 1000).toISOString();

it("divides by the window, or by the time there was", () => {
    const live = { requests: 120, window_s: 60, started_at: at(0) };
    expect(perSecond({ ...live, now: at(3600) })).toBe(2);
    expect(perSecond({ ...live, now: at(30) })).toBe(4);
    expect(perSecond({ ...live, now: at(0) })).toBe(120);
});
