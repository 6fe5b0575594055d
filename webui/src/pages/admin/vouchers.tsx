import { useState } from "preact/hooks";
import { getVouchers, type VoucherBatch, voucherCodes, withdrawVouchers } from "../../api/vouchers";
import { actionOn } from "../../base/names";
import { count } from "../../base/number";
import { locale, t } from "../../i18n";
import { useAction } from "../../state/action";
import { announce } from "../../state/announce";
import { usePager, useWalk } from "../../state/pages";
import { useResource } from "../../state/resource";
import { may } from "../../state/session";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { CsvLink } from "../../ui/csvlink";
import { Card, Page } from "../../ui/card";
import { Confirm } from "../../ui/dialog";
import { Empty } from "../../ui/empty";
import { Exact, Time } from "../../ui/figure";
import { Failure } from "../../ui/notice";
import { type Column, Pager, Table } from "../../ui/table";
import { VoucherDialog } from "./voucherform";

const ROWS = 50;

export function Vouchers() {
    const walk = useWalk("vouchers");
    const page = useResource(
        `vouchers ${walk.cursor}`,
        (signal) => getVouchers({ cursor: walk.cursor, limit: ROWS }, signal),
        { keep: true },
    );
    const pager = usePager(walk, page);
    const [isMaking, setMaking] = useState(false);
    const [withdrawn, setWithdrawn] = useState<VoucherBatch | null>(null);
    return (
        <Page
            title={t("nav.vouchers")}
            lead={t("vouchers.lead")}
            actions={
                may("money.write") && (
                    <Button icon="plus" kind="primary" onClick={() => setMaking(true)}>
                        {t("vouchers.make")}
                    </Button>
                )
            }
        >
            <Failure error={page.error} retry={page.reload} />
            <Card flush>
                {page.data?.data.length === 0 && walk.number === 1 ? (
                    <Empty icon="vouchers" title={t("vouchers.none")}>
                        {t("vouchers.noneText")}
                    </Empty>
                ) : (
                    <Table
                        caption={t("nav.vouchers")}
                        columns={columns(setWithdrawn)}
                        rows={page.data?.data}
                        rowKey={({ id }) => id}
                        rowName={({ name }) => name}
                        isStale={page.isOld}
                    />
                )}
                <Pager {...pager} />
            </Card>
            {isMaking && (
                <VoucherDialog
                    onClose={() => setMaking(false)}
                    onDone={() => {
                        setMaking(false);
                        page.reload();
                    }}
                />
            )}
            {withdrawn && (
                <WithdrawDialog
                    batch={withdrawn}
                    onClose={() => setWithdrawn(null)}
                    onDone={() => {
                        setWithdrawn(null);
                        page.reload();
                    }}
                />
            )}
        </Page>
    );
}

interface WithdrawProps {
    batch: VoucherBatch;
    onClose: () => void;
    onDone: () => void;
}

function WithdrawDialog({ batch, onClose, onDone }: WithdrawProps) {
    const { run, isBusy, error } = useAction(async () => {
        await withdrawVouchers(batch.id);
        announce(t("vouchers.withdrawn", { name: batch.name }));
        onDone();
    });
    return (
        <Confirm
            title={t("vouchers.withdrawTitle", { name: batch.name })}
            action={t("vouchers.withdraw")}
            isBusy={isBusy}
            error={error}
            onConfirm={() => run()}
            onClose={onClose}
        >
            <p>
                {t("vouchers.withdrawText", {
                    count: count(batch.count - batch.redeemed, locale()),
                })}
            </p>
        </Confirm>
    );
}

function State({ batch }: { batch: VoucherBatch }) {
    if (batch.withdrawn_at) {
        return <Badge tone="bad">{t("vouchers.stateWithdrawn")}</Badge>;
    } else if (batch.redeemed === batch.count) {
        return <Badge tone="plain">{t("vouchers.stateUsed")}</Badge>;
    } else if (batch.expires_at && new Date(batch.expires_at).getTime() <= Date.now()) {
        return <Badge tone="plain">{t("keys.stateExpired")}</Badge>;
    }
    return <Badge tone="good">{t("vouchers.stateOpen")}</Badge>;
}

function columns(onWithdraw: (batch: VoucherBatch) => void): Column<VoucherBatch>[] {
    return [
        {
            id: "name",
            head: t("vouchers.name"),
            isTitle: true,
            cell: (batch) => (
                <>
                    <span class="block font-medium break-words">{batch.name}</span>
                    <span class="text-sm break-all text-soft">{batch.id}</span>
                </>
            ),
        },
        {
            id: "amount",
            head: t("transfer.amount"),
            isNumber: true,
            cell: ({ amount }) => <Exact amount={amount} />,
        },
        {
            id: "redeemed",
            head: t("vouchers.redeemed"),
            isNumber: true,
            cell: (batch) => `${count(batch.redeemed, locale())} / ${count(batch.count, locale())}`,
        },
        {
            id: "kind",
            head: t("transfer.kind"),
            cell: ({ kind, group }) => (
                <>
                    <span class="block whitespace-nowrap">{t(`vouchers.${kind}`)}</span>
                    {group && <span class="text-sm text-soft">{group}</span>}
                </>
            ),
        },
        { id: "created", head: t("vouchers.created"), cell: (it) => <Time time={it.created_at} /> },
        {
            id: "expires",
            head: t("vouchers.until"),
            cell: ({ expires_at }) => (expires_at ? <Time time={expires_at} /> : "–"),
        },
        { id: "state", head: t("vouchers.state"), cell: (batch) => <State batch={batch} /> },
        ...(may("money.write") ? [actionColumn(onWithdraw)] : []),
    ];
}

function actionColumn(onWithdraw: (batch: VoucherBatch) => void): Column<VoucherBatch> {
    return {
        id: "acts",
        head: t("keys.actions"),
        hideHead: true,
        cell: (batch, name) => (
            <div class="flex flex-col items-end gap-2 whitespace-nowrap max-md:flex-row">
                <CsvLink href={voucherCodes(batch.id)} text={t("vouchers.export")} name={name} />
                {!batch.withdrawn_at && batch.redeemed < batch.count && (
                    <Button
                        aria-label={actionOn(t("vouchers.withdraw"), name)}
                        onClick={() => onWithdraw(batch)}
                    >
                        {t("vouchers.withdraw")}
                    </Button>
                )}
            </div>
        ),
    };
}
