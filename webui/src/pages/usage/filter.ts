// What the usage page shows, as the query of its address: it survives a reload and can be sent to
// somebody.
import type { Query } from "../../api/client";
import { type Period, PERIODS, periodWindow, typedWindow, type Window } from "../../base/days";
import { toDateInput } from "../../base/time";

export const SORTS = ["newest", "cost", "tokens", "duration"] as const;
export type Sort = (typeof SORTS)[number];
export const VIEWS = ["requests", "refused", "day", "model", "key"] as const;
export type View = (typeof VIEWS)[number];

export interface Filter {
    period: Period | "custom";
    first: string; // days of a custom period, as <input type="date"> has them
    last: string;
    model: string;
    key: string;
    sort: Sort;
    view: View;
}

function oneOf<T extends string>(known: readonly T[], text: string | null, otherwise: T): T {
    return known.find((value) => value === text) ?? otherwise;
}

export function readFilter(query: URLSearchParams): Filter {
    return {
        period: oneOf([...PERIODS, "custom"], query.get("period"), "30d"),
        first: query.get("first") ?? "",
        last: query.get("last") ?? "",
        model: query.get("model") ?? "",
        key: query.get("key") ?? "",
        sort: oneOf(SORTS, query.get("sort"), "newest"),
        view: oneOf(VIEWS, query.get("view"), "requests"),
    };
}

/** The chosen time; a custom one that is not whole yet, or upside down, is as good as none. */
export function windowOf(filter: Filter, now: number): Window {
    if (filter.period !== "custom") {
        return periodWindow(filter.period, now);
    }
    return typedWindow(filter.first, filter.last, now);
}

/** The parameters that all calls of the page have in common: days of the viewer. */
export function queryOf(filter: Filter, now: number): Query {
    const { from, to } = windowOf(filter, now);
    return {
        from: toDateInput(from),
        to: to && toDateInput(to),
        model: filter.model,
        key: filter.key,
    };
}
