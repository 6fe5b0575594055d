// Which models of a price list are shown, and in which order.
import type { Model } from "../api/types";
import { parseDecimal } from "../base/money";

export const PRICE_SORTS = ["name", "input", "output", "context"] as const;
export type PriceSort = (typeof PRICE_SORTS)[number];

const PRICE_PLACES = 18; // more than a price with its margin has

export function readSort(text: string | null): PriceSort {
    return PRICE_SORTS.find((sort) => sort === text) ?? "name";
}

/** All words of the search are somewhere in the model's name, maker or capabilities. */
export function fits(model: Model, search: string): boolean {
    const text = [model.id, model.name, model.owned_by, ...model.capabilities]
        .join(" ")
        .toLowerCase();
    return search
        .toLowerCase()
        .split(/\s+/)
        .every((word) => text.includes(word));
}

/** Only for comparing. */
function price(model: Model, unit: "input" | "output"): bigint {
    return parseDecimal(model.pricing[unit], PRICE_PLACES) ?? 0n;
}

function compare(one: Model, other: Model, sort: PriceSort): number {
    if (sort === "context") {
        return (other.context_length ?? -1) - (one.context_length ?? -1);
    } else if (sort === "name") {
        return one.name.localeCompare(other.name);
    }
    const difference = price(one, sort) - price(other, sort);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The cheapest first; the longest context first. Those alike by name. */
export function sorted(models: readonly Model[], sort: PriceSort): Model[] {
    return [...models].sort(
        (one, other) => compare(one, other, sort) || one.name.localeCompare(other.name),
    );
}
