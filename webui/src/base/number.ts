// Counts for people: grouped where one looks, short where one glances.
import { kept } from "./formats";

function numbers(locale: string, name: string, options: Intl.NumberFormatOptions = {}) {
    return kept(`${name} ${locale}`, () => new Intl.NumberFormat(locale, options));
}

export function count(value: number, locale: string): string {
    return numbers(locale, "count").format(value);
}

/** "1.2M" in English, "120만" in Korean. */
export function compact(value: number, locale: string): string {
    const options = { notation: "compact", maximumFractionDigits: 1 } as const;
    return value < 10_000
        ? count(value, locale)
        : numbers(locale, "compact", options).format(value);
}

/** A share from 0 to 1. */
export function percent(value: number, locale: string): string {
    const options = { style: "percent", maximumFractionDigits: 1 } as const;
    return numbers(locale, "percent", options).format(value);
}

/** A rate: the smaller, the closer. */
export function rate(value: number, locale: string): string {
    const digits = value < 10 ? 2 : 0;
    const options = { maximumFractionDigits: digits };
    return numbers(locale, `rate ${digits}`, options).format(value);
}

/** A score of a model, which may be missing. */
export function score(value: unknown): string {
    return typeof value === "number" && Number.isFinite(value) ? value.toFixed(4) : "–";
}
