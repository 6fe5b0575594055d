// From the rows of a summary by day and name to the stacked bars of a chart: a bar for every day, also
// for those without use; the largest names have a colour of their own, all others share one.

export interface Amount {
    day: string;
    name: string;
    value: bigint;
}

export interface Series {
    name: string | null; // null: all the others together
    values: bigint[]; // one a day
    total: bigint;
}

export const NAMES_MAX = 7;

function compare(a: Series, b: Series): number {
    return a.total === b.total ? 0 : a.total < b.total ? 1 : -1;
}

function addInto(into: Series, from: Series): void {
    into.values = into.values.map((value, index) => value + (from.values[index] ?? 0n));
    into.total += from.total;
}

export function stack(days: readonly string[], amounts: Iterable<Amount>): Series[] {
    const place = new Map(days.map((day, index) => [day, index]));
    const byName = new Map<string, Series>();
    for (const { day, name, value } of amounts) {
        const index = place.get(day);
        if (index === undefined || value === 0n) {
            continue;
        }
        const series = byName.get(name) ?? { name, values: days.map(() => 0n), total: 0n };
        series.values[index] = (series.values[index] ?? 0n) + value;
        series.total += value;
        byName.set(name, series);
    }
    const sorted = [...byName.values()].sort(compare);
    const shown = sorted.slice(0, NAMES_MAX);
    const others = sorted.slice(NAMES_MAX);
    if (others.length === 0) {
        return shown;
    }
    const rest: Series = { name: null, values: days.map(() => 0n), total: 0n };
    others.forEach((series) => addInto(rest, series));
    return [...shown, rest];
}

/** The sum over all series of each day. */
export function sums(series: readonly Series[], days: number): bigint[] {
    return Array.from({ length: days }, (_, index) =>
        series.reduce((sum, { values }) => sum + (values[index] ?? 0n), 0n),
    );
}
