import type { SalesSums } from "../../api/admin";
import { exact, glance, usd } from "../../base/money";
import { count, percent } from "../../base/number";
import { locale, t } from "../../i18n";
import { Bone } from "../../ui/skeleton";
import { Stat } from "../../ui/stat";

/** Only for reading: the amounts themselves are never computed from a share. */
function share(part: bigint, whole: bigint): string {
    const thousandths = whole === 0n ? 0n : (part * 1000n) / whole;
    return percent(Number(thousandths) / 1000, locale());
}

export function SalesTotals({ sums }: { sums: SalesSums | undefined }) {
    const bone = <Bone class="h-4 w-20" />;
    const revenue = sums && usd(sums.revenue);
    const profit = sums && usd(sums.profit);
    const money = (text: string | undefined) => text && glance(usd(text));
    return (
        <div class="grid grid-cols-2 gap-3 sm:gap-4 lg:grid-cols-4">
            <Stat
                label={t("sales.revenue")}
                value={money(sums?.revenue)}
                note={sums ? exact(usd(sums.revenue)) : bone}
            />
            <Stat
                label={t("sales.cost")}
                value={money(sums?.cost)}
                note={sums ? exact(usd(sums.cost)) : bone}
            />
            <Stat
                label={t("sales.profit")}
                value={money(sums?.profit)}
                note={
                    revenue !== undefined && profit !== undefined
                        ? t("sales.ofRevenue", { share: share(profit, revenue) })
                        : bone
                }
            />
            <Stat
                label={t("usage.requests")}
                value={sums && count(sums.requests, locale())}
                note={sums ? t("sales.refundedNote", { amount: glance(usd(sums.refunded)) }) : bone}
            />
        </div>
    );
}
