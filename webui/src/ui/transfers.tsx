// What came into an account and what went out of it.
import type { Transfer } from "../api/types";
import { exact, usd } from "../base/money";
import { type PlainKey, t } from "../i18n";
import { Badge } from "./badge";
import { Exact, Time } from "./figure";
import type { Column } from "./table";

const KINDS: Record<Transfer["kind"], PlainKey> = {
    manual: "transfer.manual",
    test: "transfer.test",
    payment: "transfer.payment",
    reinstatement: "transfer.reinstatement",
    promotion: "transfer.promotion",
    refund: "transfer.refund",
    charge: "transfer.charge",
    debit: "transfer.debit",
    repayment: "transfer.repayment",
};

function Kind({ transfer }: { transfer: Transfer }) {
    const comes = usd(transfer.amount) > 0n;
    return <Badge tone={comes ? "good" : "plain"}>{t(KINDS[transfer.kind])}</Badge>;
}

function Amount({ amount }: { amount: string }) {
    const value = usd(amount);
    return (
        <span class={`figures ${value > 0n ? "font-medium text-good" : ""}`}>
            {value > 0n ? "+" : ""}
            {exact(value)}
        </span>
    );
}

function What({ transfer, base }: { transfer: Transfer; base: string }) {
    const { kind, exchange_id } = transfer;
    const reason = kind === "test" ? null : transfer.reason; // its kind says it all
    if (!reason && !exchange_id) {
        return <>–</>;
    }
    return (
        <>
            {reason && <span>{reason} </span>}
            {exchange_id && (
                <a
                    class="font-mono text-sm text-accent underline-offset-2 hover:underline"
                    href={`${base}/${encodeURIComponent(exchange_id)}`}
                >
                    {exchange_id}
                </a>
            )}
        </>
    );
}

/** `base` is the address above a request's own page. */
export function transferColumns(base: string, hasBalance: boolean): Column<Transfer>[] {
    const columns: Column<Transfer>[] = [
        {
            id: "time",
            head: t("transfer.time"),
            isTitle: true,
            cell: (transfer) => <Time time={transfer.created_at} />,
        },
        { id: "kind", head: t("transfer.kind"), cell: (transfer) => <Kind transfer={transfer} /> },
        {
            id: "what",
            head: t("transfer.what"),
            cell: (transfer) => <What transfer={transfer} base={base} />,
        },
        {
            id: "amount",
            head: t("transfer.amount"),
            isNumber: true,
            cell: (transfer) => <Amount amount={transfer.amount} />,
        },
    ];
    if (hasBalance) {
        columns.push({
            id: "balance",
            head: t("transfer.balance"),
            isNumber: true,
            cell: ({ balance }) => (balance === null ? "–" : <Exact amount={balance} />),
        });
    }
    return columns;
}
