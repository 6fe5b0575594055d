// Payments as they are listed.
import type { Payment, PaymentState } from "../api/payments";
import { amountIn } from "../base/currency";
import { usd } from "../base/money";
import { locale, type PlainKey, t } from "../i18n";
import { Badge, type Tone } from "./badge";
import { Exact, Time } from "./figure";
import type { Column } from "./table";

const STATES: Record<PaymentState, [Tone, PlainKey]> = {
    open: ["plain", "payments.open"],
    processing: ["accent", "payments.processing"],
    paid: ["good", "payments.paid"],
    failed: ["bad", "payments.failed"],
    expired: ["plain", "payments.expired"],
    disagreed: ["bad", "payments.disagreed"],
};

export function paymentState(state: PaymentState): string {
    return t(STATES[state][1]);
}

function State({ payment }: { payment: Payment }) {
    const taken = usd(payment.reversed);
    if (taken > 0n) {
        const all = taken === usd(payment.credit);
        return <Badge tone="warn">{t(all ? "payments.reversed" : "payments.partly")}</Badge>;
    }
    const [tone] = STATES[payment.state];
    return <Badge tone={tone}>{paymentState(payment.state)}</Badge>;
}

export function paymentColumns<P extends Payment>(): Column<P>[] {
    return [
        {
            id: "created",
            head: t("transfer.time"),
            isTitle: true,
            cell: ({ created_at }) => <Time time={created_at} />,
        },
        {
            id: "amount",
            head: t("payments.amount"),
            isNumber: true,
            cell: ({ currency, amount, total }) => (
                <>
                    <span class="figures block">{amountIn(currency, amount, locale())}</span>
                    {total !== null && total !== amount && (
                        <span class="figures block text-sm text-soft">
                            {t("payments.withTax", { total: amountIn(currency, total, locale()) })}
                        </span>
                    )}
                </>
            ),
        },
        {
            id: "credit",
            head: t("payments.credit"),
            isNumber: true,
            cell: ({ credit }) => <Exact amount={credit} />,
        },
        {
            id: "state",
            head: t("payments.state"),
            cell: (payment) => (
                <>
                    <State payment={payment} />
                    {payment.origin === "automatic" && (
                        <span class="ml-2 text-sm text-soft">{t("payments.automatic")}</span>
                    )}
                    {payment.failure && (
                        <span class="mt-1 block text-sm break-words text-soft">
                            {payment.failure}
                        </span>
                    )}
                </>
            ),
        },
    ];
}
