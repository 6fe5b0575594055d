import { afterEach, expect, it, vi } from "vitest";
import { ApiError } from "./error";

const refusal = (param: string) =>
    new ApiError(400, { message: "no", code: "invalid_value", param });

/** A page that has just been loaded, in that zone. */
async function load(timeZone: string | undefined, minutes: number) {
    vi.resetModules();
    vi.spyOn(Intl.DateTimeFormat.prototype, "resolvedOptions").mockReturnValue({
        timeZone,
    } as Intl.ResolvedDateTimeFormatOptions);
    vi.spyOn(Date.prototype, "getTimezoneOffset").mockReturnValue(-minutes);
    const { ApiError: Fresh } = await import("./error");
    return { ...(await import("./zone")), Fresh };
}

afterEach(() => vi.restoreAllMocks());

it("says the name of the zone", async () => {
    expect((await load("Asia/Kolkata", 330)).zone()).toBe("Asia/Kolkata");
});

it.each([undefined, "Etc/Unknown", "+05:45"])("says minutes for %s", async (name) => {
    expect((await load(name, 345)).zone()).toBe("345");
    expect((await load(name, -210)).zone()).toBe("-210");
});

it("asks by minutes when the gateway knows no zones, and goes on so", async () => {
    const { inZone, zone, Fresh } = await load("Asia/Kolkata", 330);
    const asked: string[] = [];
    const answer = await inZone((tz) => {
        asked.push(tz);
        return tz === "330"
            ? Promise.resolve("days")
            : Promise.reject(new Fresh(400, { message: "no", code: "invalid_value", param: "tz" }));
    });
    expect(answer).toBe("days");
    expect(asked).toEqual(["Asia/Kolkata", "330"]);
    expect(zone()).toBe("330");
});

it("leaves other failures alone", async () => {
    const { inZone, zone } = await load("Asia/Kolkata", 330);
    await expect(inZone(() => Promise.reject(refusal("from")))).rejects.toThrow("no");
    expect(zone()).toBe("Asia/Kolkata");
});
