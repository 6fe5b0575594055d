import { expect, it } from "vitest";
import { NAMES_MAX, stack, sums } from "./series";

const DAYS = ["2026-11-01", "2026-11-02", "2026-11-03"];

it("has a value for every day, also for those without use", () => {
    const series = stack(DAYS, [{ day: "2026-11-02", name: "a", value: 5n }]);
    expect(series).toEqual([{ name: "a", values: [0n, 5n, 0n], total: 5n }]);
});

it("puts the largest first and leaves out what lies outside", () => {
    const series = stack(DAYS, [
        { day: "2026-11-01", name: "small", value: 1n },
        { day: "2026-11-03", name: "large", value: 9n },
        { day: "2026-11-03", name: "small", value: 1n },
        { day: "2026-10-31", name: "small", value: 100n },
        { day: "2026-11-01", name: "nothing", value: 0n },
    ]);
    expect(series.map(({ name, total }) => [name, total])).toEqual([
        ["large", 9n],
        ["small", 2n],
    ]);
    expect(sums(series, DAYS.length)).toEqual([1n, 0n, 10n]);
});

it("adds up what is beyond the colours", () => {
    const amounts = Array.from({ length: NAMES_MAX + 3 }, (_, index) => ({
        day: "2026-11-01",
        name: `model ${index}`,
        value: BigInt(100 - index),
    }));
    const series = stack(DAYS, amounts);
    expect(series).toHaveLength(NAMES_MAX + 1);
    expect(series.at(-1)).toEqual({ name: null, values: [93n + 92n + 91n, 0n, 0n], total: 276n });
});
