// What the home page says about spending, from one summary of the last 30 days by day and model.
import { usd } from "../../base/money";
import type { Sums, SummaryRow } from "../../api/types";

export interface Spend {
    cost: bigint;
    requests: number;
}

/** The sums of the rows of these days. */
export function spendOf(rows: readonly SummaryRow[], days: readonly string[]): Spend {
    const wanted = new Set(days);
    return rows
        .filter(({ day }) => wanted.has(day ?? ""))
        .reduce<Spend>(
            (sum, row) => ({
                cost: sum.cost + usd(row.cost),
                requests: sum.requests + row.requests,
            }),
            { cost: 0n, requests: 0 },
        );
}

export function tokensOf(
    sums: Pick<Sums, "input_tokens" | "cached_input_tokens" | "output_tokens">,
) {
    return sums.input_tokens + sums.cached_input_tokens + sums.output_tokens;
}
