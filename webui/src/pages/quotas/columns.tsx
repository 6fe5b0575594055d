import type { Quota } from "../../api/quotas";
import { glance, usd } from "../../base/money";
import { count } from "../../base/number";
import { locale, type PlainKey, t } from "../../i18n";
import { Badge } from "../../ui/badge";
import { IconButton } from "../../ui/button";
import { Time } from "../../ui/figure";
import type { Column } from "../../ui/table";

/** "Requests a day" */
export function quotaName({ unit, period }: Pick<Quota, "unit" | "period">): string {
    const name = period ? `${unit}_${period}` : unit;
    return t(`quotas.what.${name}` as PlainKey);
}

function amountOf(unit: Quota["unit"], amount: string | number): string {
    return unit === "usd" ? glance(usd(String(amount))) : count(Number(amount), locale());
}

/** How much of it is used: 0 to 1. Only for the width of a bar. */
function share({ amount, used }: Quota): number {
    const whole = Number(amount);
    return whole > 0 ? Math.min(1, Number(used) / whole) : 1;
}

function Used({ quota }: { quota: Quota }) {
    const { unit, amount, used, near } = quota;
    if (used === null) {
        return t("quotas.atMost", { amount: amountOf(unit, amount) });
    }
    return (
        <>
            <span class="figures whitespace-nowrap">
                {t("quotas.usedOf", {
                    used: amountOf(unit, used),
                    amount: amountOf(unit, amount),
                })}
            </span>
            <progress
                class={`bar mt-1 block h-1.5 w-28 md:ml-auto ${near ? "text-bad" : "text-accent"}`}
                max={1}
                value={share(quota)}
                aria-label={t("quotas.share")}
            />
        </>
    );
}

function Left({ quota }: { quota: Quota }) {
    if (quota.left === null) {
        return <span class="text-soft">–</span>;
    }
    return (
        <>
            <span class="figures">{amountOf(quota.unit, quota.left)}</span>
            {quota.near && (
                <span class="mt-0.5 block">
                    <Badge tone={Number(quota.left) > 0 ? "warn" : "bad"}>
                        {Number(quota.left) > 0 ? t("quotas.near") : t("quotas.reached")}
                    </Badge>
                </span>
            )}
        </>
    );
}

function whose({ scope, key_name }: Quota): string {
    return key_name ?? t(scope === "key" ? "quotas.eachKey" : "quotas.allKeys");
}

interface Reader {
    isCustomer: boolean; // whose quotas they are
    scope: Quota["scope"] | null; // whose quotas can be taken away here; null: none
    onRemove: (quota: Quota) => void;
}

export function quotaColumns({ isCustomer, scope, onRemove }: Reader): Column<Quota>[] {
    const setBy = (by: Quota["set_by"]) =>
        t(by === "customer" && isCustomer ? "quotas.by.you" : `quotas.by.${by}`);
    return [
        {
            id: "what",
            head: t("quotas.what"),
            isTitle: true,
            cell: (quota) => (
                <>
                    <span class="font-medium">{quotaName(quota)}</span>
                    {quota.models && (
                        <span class="block text-sm break-words text-soft">
                            {quota.models.join(", ")}
                        </span>
                    )}
                    {!quota.in_force && (
                        <span class="mt-0.5 block">
                            <Badge tone="warn">{t("quotas.gone")}</Badge>
                        </span>
                    )}
                </>
            ),
        },
        {
            id: "whose",
            head: t("quotas.whose"),
            cell: whose,
        },
        { id: "by", head: t("quotas.by"), cell: (quota) => setBy(quota.set_by) },
        {
            id: "used",
            head: t("quotas.used"),
            isNumber: true,
            cell: (quota) => <Used quota={quota} />,
        },
        {
            id: "left",
            head: t("quotas.left"),
            isNumber: true,
            cell: (quota) => <Left quota={quota} />,
        },
        {
            id: "renews",
            head: t("quotas.renews"),
            cell: (quota) => (quota.resets_at ? <Time time={quota.resets_at} /> : "–"),
        },
        {
            id: "actions",
            head: t("keys.actions"),
            hideHead: true,
            isNumber: true,
            cell: (quota) =>
                quota.id &&
                quota.scope === scope && (
                    <IconButton
                        icon="trash"
                        label={t("quotas.removeNamed", {
                            what: quotaName(quota),
                            whose: whose(quota),
                        })}
                        onClick={() => onRemove(quota)}
                    />
                ),
        },
    ];
}

/** Stays the same when the figures change. */
export function quotaKey(quota: Quota): string {
    return `${quota.key_id} ${quota.unit} ${quota.period} ${quota.models?.join(" ")}`;
}
