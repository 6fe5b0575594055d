import type { SalesSums } from "../../api/admin";
import { exact, glance, usd } from "../../base/money";
import { count, percent } from "../../base/number";
import { locale, t } from "../../i18n";
import { Bone } from "../../ui/skeleton";
import { Stat } from "../../ui/stat";
import { errorsText } from "../usage/errorstext";

/** Only for reading: the amounts themselves are never computed from a share. */
function share(part: bigint, whole: bigint): string {
    const thousandths = whole === 0n ? 0n : (part * 1000n) / whole;
    return percent(Number(thousandths) / 1000, locale());
}

function Amount({ amount }: { amount: string }) {
    return <span title={exact(usd(amount))}>{glance(usd(amount))}</span>;
}

export function SalesTotals({ sums }: { sums: SalesSums | undefined }) {
    const note = (text: string | undefined) => text ?? <Bone class="h-4 w-20" />;
    return (
        <div class="grid grid-cols-2 gap-3 sm:gap-4 lg:grid-cols-4">
            <Stat
                label={t("sales.revenue")}
                value={sums && <Amount amount={sums.revenue} />}
                note={note(sums && t("sales.refundedNote", { amount: glance(usd(sums.refunded)) }))}
            />
            <Stat
                isNoteLong
                label={t("sales.cost")}
                value={sums && <Amount amount={sums.cost} />}
                note={note(sums && t("sales.overrunNote", { amount: glance(usd(sums.overrun)) }))}
            />
            <Stat
                label={t("sales.profit")}
                value={sums && <Amount amount={sums.profit} />}
                note={note(
                    sums &&
                        t("sales.ofRevenue", { share: share(usd(sums.profit), usd(sums.revenue)) }),
                )}
            />
            <Stat
                label={t("usage.requests")}
                value={sums && count(sums.requests, locale())}
                note={note(sums && errorsText(sums))}
            />
        </div>
    );
}
