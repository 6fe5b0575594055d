import { expect, it } from "vitest";
import { queryOf, readFilter, windowOf } from "./filter";

const NOW = new Date(2026, 10, 22, 15, 30).getTime();
const read = (text: string) => readFilter(new URLSearchParams(text));

it("shows the last 30 days, newest first, unless told otherwise", () => {
    expect(read("")).toMatchObject({ period: "30d", sort: "newest", view: "requests", model: "" });
    expect(windowOf(read(""), NOW)).toEqual({ from: new Date(2026, 9, 24), to: null });
});

it("does not believe the address", () => {
    const filter = read("period=<script>&sort=drop&view=1");
    expect(filter).toMatchObject({ period: "30d", sort: "newest", view: "requests" });
});

it("takes whole days of the viewer's calendar, the last included", () => {
    const filter = read("period=custom&first=2026-11-01&last=2026-11-03");
    expect(windowOf(filter, NOW)).toEqual({
        from: new Date(2026, 10, 1),
        to: new Date(2026, 10, 4),
    });
});

it("waits for both ends of a period, in their order", () => {
    const whole = windowOf(read("period=30d"), NOW);
    expect(windowOf(read("period=custom&first=2026-11-01"), NOW)).toEqual(whole);
    expect(windowOf(read("period=custom&first=2026-11-03&last=2026-11-01"), NOW)).toEqual(whole);
});

it("asks for what was chosen", () => {
    const query = queryOf(read("period=today&model=gpt-4o&key=key_1"), NOW);
    expect(query).toEqual({
        from: "2026-11-22",
        to: null,
        model: "gpt-4o",
        key: "key_1",
    });
});
