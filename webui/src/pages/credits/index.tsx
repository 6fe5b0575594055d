import { getTransfers } from "../../api/resources";
import { usd } from "../../base/money";
import { t } from "../../i18n";
import { usePager, useWalk } from "../../state/pages";
import { usePulse } from "../../state/pulse";
import { useResource } from "../../state/resource";
import { place, setQuery } from "../../state/router";
import { Card, Page } from "../../ui/card";
import { Empty } from "../../ui/empty";
import { Exact } from "../../ui/figure";
import { Failure, Notice } from "../../ui/notice";
import { Segmented } from "../../ui/segmented";
import { Stat } from "../../ui/stat";
import { Pager, Table } from "../../ui/table";
import { transferColumns } from "../../ui/transfers";
import { ChargeForm } from "./chargeform";
import { VoucherForm } from "./voucherform";

const ROWS = 50;

export function Credits() {
    const kind = place.value.query.get("kind") === "credits" ? "credits" : "all";
    const key = `transfers ${kind}`;
    const walk = useWalk(key);
    const page = useResource(
        `${key} ${walk.cursor}`,
        (signal) => getTransfers({ kind, cursor: walk.cursor, limit: ROWS }, signal),
        { keep: true },
    );
    const balance = usePulse(() => {
        if (walk.number === 1) {
            page.reload();
        }
    });
    const pager = usePager(walk, page);
    const choices = [
        { value: "all", text: t("credits.kindAll") },
        { value: "credits", text: t("credits.kindCredits") },
    ] as const;
    const amount = (text: string | undefined) => (text ? <Exact amount={text} /> : undefined);
    return (
        <Page title={t("nav.credits")} lead={t("credits.lead")}>
            <div class="grid gap-3 sm:grid-cols-3 sm:gap-4">
                <Stat label={t("home.available")} value={amount(balance?.available)} />
                <Stat label={t("credits.held")} value={amount(balance?.held)} />
                <Stat label={t("home.balance")} value={amount(balance?.balance)} />
            </div>
            {balance && usd(balance.owed) > 0n && (
                <Notice tone="warn">
                    {t("credits.owed")} <Exact amount={balance.owed} />
                </Notice>
            )}
            <ChargeForm version={balance?.version ?? ""} />
            <VoucherForm />
            <Failure error={page.error} retry={page.reload} />
            <Card
                flush
                title={t("credits.history")}
                actions={
                    <Segmented
                        label={t("credits.kind")}
                        choices={choices}
                        value={kind}
                        onValue={(value) => setQuery({ kind: value === "all" ? null : value })}
                    />
                }
            >
                {page.data?.data.length === 0 ? (
                    <Empty icon="credits" title={t("credits.empty")}>
                        {t("credits.emptyText")}
                    </Empty>
                ) : (
                    <Table
                        caption={t("credits.history")}
                        columns={transferColumns("/dashboard/usage", kind === "all")}
                        rows={page.data?.data}
                        rowKey={(row) => `${row.id} ${row.exchange_id} ${row.kind}`}
                        isStale={page.isOld}
                        bones={8}
                    />
                )}
                <Pager {...pager} list={t("credits.history")} />
            </Card>
        </Page>
    );
}
