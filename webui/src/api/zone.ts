// Where the viewer lives, as the API's `tz` takes it: it knows when clocks are set there.
import { ApiError } from "./error";

let isUnknown = false; // to the gateway: its machine may have no time zones

/** "Asia/Kolkata"; else the minutes that this clock is ahead of UTC now, in quarters of an hour. */
export function zone(now = Date.now()): string {
    const name = new Intl.DateTimeFormat().resolvedOptions().timeZone as string | undefined;
    if (!isUnknown && name && /^[A-Z]/.test(name) && name !== "Etc/Unknown") {
        return name;
    }
    return String(Math.floor(-new Date(now).getTimezoneOffset() / 15) * 15);
}

/** Asks once more, by minutes, when the gateway does not know the zone. */
export async function inZone<T>(ask: (tz: string) => Promise<T>): Promise<T> {
    try {
        return await ask(zone());
    } catch (error) {
        if (isUnknown || !(error instanceof ApiError) || error.body.param !== "tz") {
            throw error;
        }
        isUnknown = true;
        return ask(zone());
    }
}
