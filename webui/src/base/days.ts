// Days as the viewer has them, and as the API is asked for them.
import { fromDateInput, midnight, toDateInput } from "./time";

/** The last `count` days up to today as "2026-11-22", oldest first. */
export function lastDays(now: number, count: number): string[] {
    return Array.from({ length: count }, (_, index) =>
        toDateInput(midnight(now, count - 1 - index)),
    );
}

/** Every day from one time up to another (exclusive), as "2026-11-22". */
export function daysBetween(from: Date, to: Date): string[] {
    const days: string[] = [];
    const day = midnight(from.getTime());
    while (day < to && days.length < 1000) {
        days.push(toDateInput(day));
        day.setDate(day.getDate() + 1);
    }
    return days;
}

export type Period = "today" | "7d" | "30d" | "90d";
export const PERIODS: readonly Period[] = ["today", "7d", "30d", "90d"];
const DAYS: Record<Period, number> = { today: 1, "7d": 7, "30d": 30, "90d": 90 };

export interface Window {
    from: Date;
    to: Date | null; // null: up to now, and on
}

export function periodWindow(period: Period, now: number): Window {
    return { from: midnight(now, DAYS[period] - 1), to: null };
}

/** The end of the day that was typed into <input type="date">, for an expiry; null if none was. */
export function endOfDayInput(text: string): string | null {
    const last = fromDateInput(text);
    return last && (chosenWindow(last, last).to ?? last).toISOString();
}

/** The days that were typed; if they make no window, the last 30. */
export function typedWindow(first: string, last: string, now: number): Window {
    const from = fromDateInput(first);
    const to = fromDateInput(last);
    return from && to && from <= to ? chosenWindow(from, to) : periodWindow("30d", now);
}

/** A window as days to be typed over. */
export function typedDays({ from, to }: Window, now: number): { first: string; last: string } {
    const last = to ? new Date(to.getTime() - 1) : new Date(now);
    return { first: toDateInput(from), last: toDateInput(last) };
}

/** A chosen last day belongs to the window. */
export function chosenWindow(first: Date, last: Date): Window {
    const to = new Date(last);
    to.setDate(to.getDate() + 1);
    return { from: first, to };
}
