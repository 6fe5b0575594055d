import type { Balance, SummaryRow } from "../../api/types";
import { count } from "../../base/number";
import { exact, glance, usd } from "../../base/money";
import { locale, t } from "../../i18n";
import { Exact } from "../../ui/figure";
import { Bone } from "../../ui/skeleton";
import { Stat } from "../../ui/stat";
import { spendOf } from "./sums";

interface MoneyProps {
    balance: Balance | null;
    rows: SummaryRow[] | undefined;
    days: string[];
}

/** What there is, and what went. */
export function Money({ balance, rows, days }: MoneyProps) {
    return (
        <div class="grid grid-cols-3 gap-3 sm:gap-4 lg:grid-cols-5">
            <Available balance={balance} />
            <Spent label={t("home.today")} rows={rows} days={days.slice(-1)} />
            <Spent label={t("home.week")} rows={rows} days={days.slice(-7)} />
            <Spent label={t("home.month")} rows={rows} days={days} />
        </div>
    );
}

function Available({ balance }: { balance: Balance | null }) {
    return (
        <section
            aria-label={t("home.balance")}
            class="min-w-0 rounded-xl border border-transparent bg-accent p-5 text-accent-ink col-span-3 lg:col-span-2"
        >
            <p class="text-sm font-medium">{t("home.available")}</p>
            <p class="figures mt-1 text-3xl font-semibold tracking-tight" data-testid="available">
                {balance ? glance(usd(balance.available)) : <Bone class="h-9 w-36 opacity-40" />}
            </p>
            <p class="mt-1 min-h-10 text-sm">
                {balance ? (
                    <>
                        <span class="mr-4 inline-block">
                            {t("home.exactly")} <Exact amount={balance.available} />
                        </span>
                        <span class="inline-block">
                            {t("home.held")} <Exact amount={balance.held} />
                        </span>
                    </>
                ) : (
                    <Bone class="h-4 w-48 opacity-40" />
                )}
            </p>
        </section>
    );
}

interface SpentProps {
    label: string;
    rows: SummaryRow[] | undefined;
    days: string[];
}

function Spent({ label, rows, days }: SpentProps) {
    const spend = rows && spendOf(rows, days);
    return (
        <Stat
            isNoteLong
            label={label}
            value={spend && <span title={exact(spend.cost)}>{glance(spend.cost)}</span>}
            note={
                spend ? (
                    t("count.requests", { n: count(spend.requests, locale()) })
                ) : (
                    <Bone class="h-4 w-20" />
                )
            }
        />
    );
}
