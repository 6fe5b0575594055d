import { expect, it } from "vitest";
import type { SalesRow } from "../../api/admin";
import { lastMonths, readSales, salesQuery, salesWindow, sortedSales } from "./salesfilter";

const NOW = new Date(2026, 11, 2, 4, 30).getTime();

function windowOf(text: string) {
    return salesQuery(salesWindow(readSales(new URLSearchParams(text)), NOW));
}

it("has yesterday as one whole day", () => {
    expect(windowOf("period=yesterday")).toEqual({ from: "2026-12-01", to: "2026-12-02" });
});

it("takes chosen days with the last of them, and thirty days for nonsense", () => {
    const days = "period=custom&first=2026-11-03&last=2026-11-05";
    expect(windowOf(days)).toEqual({ from: "2026-11-03", to: "2026-11-06" });
    for (const text of [
        "",
        "period=x",
        "period=custom",
        `${days}&last=x`.replace("last=2026-11-05&", ""),
    ]) {
        expect(windowOf(text)).toEqual({ from: "2026-11-03", to: null });
    }
});

it("sorts by exact amounts, losses last", () => {
    const rows = ["0.000000001", "-2.000000000", "9007199254.740993001", "9007199254.740993000"];
    const sales = rows.map((profit) => ({ profit }) as SalesRow);
    expect(sortedSales(sales, "profit").map(({ profit }) => profit)).toEqual([
        "9007199254.740993001",
        "9007199254.740993000",
        "0.000000001",
        "-2.000000000",
    ]);
    expect(sortedSales(sales, null)).toEqual(sales);
});

it("knows the months before, over the end of a year", () => {
    expect(lastMonths(new Date(2027, 0, 31).getTime(), 3)).toEqual([
        "2027-01",
        "2026-12",
        "2026-11",
    ]);
});
