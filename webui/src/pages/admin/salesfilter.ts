// What the sales page shows, as the query of its address.
import type { SalesRow } from "../../api/admin";
import type { Query } from "../../api/client";
import {
    chosenWindow,
    type Period,
    PERIODS,
    periodWindow,
    typedWindow,
    type Window,
} from "../../base/days";
import { usd } from "../../base/money";
import { midnight, toDateInput } from "../../base/time";

export const SALES_PERIODS = ["today", "yesterday", "7d", "30d", "90d", "custom"] as const;
export type SalesPeriod = (typeof SALES_PERIODS)[number];
export const VIEWS = ["day", "model", "group", "provider", "customer"] as const;
export type SalesView = (typeof VIEWS)[number];
export const SORTS = [
    "requests",
    "errors",
    "revenue",
    "refunded",
    "cost",
    "overrun",
    "profit",
] as const;
export type SalesSort = (typeof SORTS)[number];

export interface SalesFilter {
    period: SalesPeriod;
    first: string; // days of a custom period, as <input type="date"> has them
    last: string;
    view: SalesView;
    sort: SalesSort | null; // null: as they come, the latest day or the dearest first
}

export function readSales(query: URLSearchParams): SalesFilter {
    const among = <T extends string>(known: readonly T[], name: string) =>
        known.find((value) => value === query.get(name));
    return {
        period: among(SALES_PERIODS, "period") ?? "30d",
        first: query.get("first") ?? "",
        last: query.get("last") ?? "",
        view: among(VIEWS, "view") ?? "day",
        sort: among(SORTS, "sort") ?? null,
    };
}

function isPeriod(period: SalesPeriod): period is Period {
    return (PERIODS as readonly string[]).includes(period);
}

/** A custom time that is not whole yet, or upside down, is as good as none. */
export function salesWindow(filter: SalesFilter, now: number): Window {
    if (isPeriod(filter.period)) {
        return periodWindow(filter.period, now);
    } else if (filter.period === "yesterday") {
        return chosenWindow(midnight(now, 1), midnight(now, 1));
    }
    return typedWindow(filter.first, filter.last, now);
}

export function salesQuery({ from, to }: Window): Query {
    return { from: toDateInput(from), to: to && toDateInput(to) };
}

/** The largest first. */
export function sortedSales(rows: readonly SalesRow[], sort: SalesSort | null): SalesRow[] {
    if (sort === null) {
        return [...rows];
    }
    const value = (row: SalesRow) =>
        sort === "requests" || sort === "errors" ? BigInt(row[sort]) : usd(row[sort]);
    return [...rows].sort((one, other) => {
        const difference = value(other) - value(one);
        return difference < 0n ? -1 : difference > 0n ? 1 : 0;
    });
}

/** The last months as "2026-11", this one first. */
export function lastMonths(now: number, count: number): string[] {
    const today = new Date(now);
    return Array.from({ length: count }, (_, index) =>
        toDateInput(new Date(today.getFullYear(), today.getMonth() - index, 1)).slice(0, 7),
    );
}
