// Times as the API has them (RFC 3339, UTC), shown in the viewer's zone and language.
import { kept } from "./formats";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

function format(locale: string, name: string, options: Intl.DateTimeFormatOptions) {
    return kept(`${name} ${locale}`, () => new Intl.DateTimeFormat(locale, options));
}

/** "Nov 22, 2026, 21:34:07" */
export function dateTime(time: string | number, locale: string): string {
    return format(locale, "dateTime", {
        dateStyle: "medium",
        timeStyle: "medium",
        hourCycle: "h23",
    }).format(new Date(time));
}

/** With seconds, milliseconds and the zone, for pages where one looks closely. */
export function exactTime(time: string | number, locale: string): string {
    return format(locale, "exact", {
        year: "numeric",
        month: "short",
        day: "numeric",
        hour: "2-digit",
        minute: "2-digit",
        second: "2-digit",
        fractionalSecondDigits: 3,
        hourCycle: "h23",
        timeZoneName: "short",
    }).format(new Date(time));
}

/** "21:34:07" */
export function timeOfDay(time: string | number, locale: string): string {
    const options = { timeStyle: "medium", hourCycle: "h23" } as const;
    return format(locale, "timeOfDay", options).format(new Date(time));
}

/** "Nov 22, 2026" */
export function date(time: string | number, locale: string): string {
    return format(locale, "date", { dateStyle: "medium" }).format(new Date(time));
}

/** A calendar day of the API ("2026-11-22") for an axis: "Nov 22". It is in no zone. */
export function shortDay(day: string, locale: string): string {
    const options = { month: "short", day: "numeric", timeZone: "UTC" } as const;
    return format(locale, "shortDay", options).format(new Date(day + "T00:00:00Z"));
}

/** A calendar month of the API ("2026-11"): "November 2026". It is in no zone. */
export function monthName(month: string, locale: string): string {
    const options = { year: "numeric", month: "long", timeZone: "UTC" } as const;
    return format(locale, "month", options).format(new Date(month + "-01T00:00:00Z"));
}

/** "3 minutes ago", "in 2 days". */
export function relative(time: string | number, now: number, locale: string): string {
    const words = kept(
        `relative ${locale}`,
        () => new Intl.RelativeTimeFormat(locale, { numeric: "auto" }),
    );
    const ms = new Date(time).getTime() - now;
    const size = Math.abs(ms);
    if (size < MINUTE) {
        return words.format(Math.trunc(ms / SECOND), "second");
    } else if (size < HOUR) {
        return words.format(Math.trunc(ms / MINUTE), "minute");
    } else if (size < DAY) {
        return words.format(Math.trunc(ms / HOUR), "hour");
    }
    return words.format(Math.trunc(ms / DAY), "day");
}

/** The viewer's midnight, `days` days before today's. */
export function midnight(now: number, days = 0): Date {
    const day = new Date(now);
    day.setHours(0, 0, 0, 0);
    day.setDate(day.getDate() - days);
    return day;
}

/** "< 1 ms", "840 ms", "1.24 s", "2 min 5 s": never broken over two lines. */
export function duration(ms: number): string {
    return words(ms).replaceAll(" ", "\u00a0");
}

function words(ms: number): string {
    if (ms < 1) {
        return "< 1 ms";
    } else if (ms < SECOND) {
        return `${Math.round(ms)} ms`;
    } else if (ms < MINUTE) {
        return `${(ms / SECOND).toFixed(2)} s`;
    }
    return `${Math.floor(ms / MINUTE)} min ${Math.floor((ms % MINUTE) / SECOND)} s`;
}

/** What <input type="date"> holds, as the viewer's midnight; null for nothing. */
export function fromDateInput(text: string): Date | null {
    const match = /^(\d{4,})-(\d\d)-(\d\d)$/.exec(text);
    return match ? new Date(Number(match[1]), Number(match[2]) - 1, Number(match[3])) : null;
}

/** The viewer's day of that time, as <input type="date"> wants it. */
export function toDateInput(time: Date): string {
    const two = (value: number) => String(value).padStart(2, "0");
    return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

/** "Sat"; 1 is Monday. */
export function weekday(day: number, locale: string): string {
    const options = { weekday: "short", timeZone: "UTC" } as const;
    return format(locale, "weekday", options).format(new Date(Date.UTC(2024, 0, day))); // a Monday
}
