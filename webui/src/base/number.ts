// Counts for people: grouped where one looks, short where one glances.

export function count(value: number, locale: string): string {
    return new Intl.NumberFormat(locale).format(value);
}

/** "1.2M" in English, "120만" in Korean. */
export function compact(value: number, locale: string): string {
    const options = { notation: "compact", maximumFractionDigits: 1 } as const;
    return new Intl.NumberFormat(locale, value < 10_000 ? {} : options).format(value);
}

/** A share from 0 to 1. */
export function percent(value: number, locale: string): string {
    const options = { style: "percent", maximumFractionDigits: 1 } as const;
    return new Intl.NumberFormat(locale, options).format(value);
}

/** A score of a model, which may be missing. */
export function score(value: unknown): string {
    return typeof value === "number" && Number.isFinite(value) ? value.toFixed(4) : "–";
}
