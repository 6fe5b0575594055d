import type { Query } from "../../api/client";
import { getSummary } from "../../api/resources";
import type { Summary, SummaryRow } from "../../api/types";
import { count } from "../../base/number";
import { date } from "../../base/time";
import { locale, t } from "../../i18n";
import { usePulse } from "../../state/pulse";
import { type Resource, useResource } from "../../state/resource";
import { Empty } from "../../ui/empty";
import { Exact } from "../../ui/figure";
import { Failure } from "../../ui/notice";
import { type Column, Table } from "../../ui/table";
import { UnitLines } from "../../ui/units";

export type GroupBy = "day" | "model" | "key";

function nameOf(row: SummaryRow, by: GroupBy): string {
    if (by === "day") {
        return date(`${row.day}T12:00:00`, locale()); // no zone: noon of the viewer's day
    }
    return (by === "model" ? row.model : (row.key_name ?? row.key_id)) ?? "–";
}

function groupColumns(by: GroupBy): Column<SummaryRow>[] {
    const number = (id: string, head: string, value: (row: SummaryRow) => number) => ({
        id,
        head,
        isNumber: true,
        cell: (row: SummaryRow) => count(value(row), locale()),
    });
    return [
        { id: "name", head: t(`usage.by.${by}`), isTitle: true, cell: (row) => nameOf(row, by) },
        number("requests", t("usage.requests"), (row) => row.requests),
        number("errors", t("usage.errorCount"), (row) => row.errors),
        number("input", t("usage.inputTokens"), (row) => row.input_tokens),
        number("cached", t("usage.cachedTokens"), (row) => row.cached_input_tokens),
        {
            id: "output",
            head: t("usage.outputTokens"),
            isNumber: true,
            cell: (row) => (
                <>
                    {count(row.output_tokens, locale())}
                    <UnitLines units={row.units} />
                </>
            ),
        },
        {
            id: "cost",
            head: t("usage.cost"),
            isNumber: true,
            cell: (row) => <Exact amount={row.cost} />,
        },
    ];
}

/** Sums by day or key. */
export function Groups({ by, query }: { by: GroupBy; query: Query }) {
    const summary = useResource(
        `usage by ${by} ${JSON.stringify(query)}`,
        (signal) => getSummary({ ...query, by }, signal),
        { keep: true },
    );
    usePulse(summary.reload);
    return (
        <>
            <Failure error={summary.error} retry={summary.reload} />
            <GroupTable by={by} summary={summary} />
        </>
    );
}

/** Says nothing of an error: that is for who loads the sums. */
export function GroupTable({ by, summary }: { by: GroupBy; summary: Resource<Summary> }) {
    if (summary.data?.data.length === 0) {
        return (
            <Empty icon="usage" title={t("usage.empty")}>
                {t("usage.emptyText")}
            </Empty>
        );
    }
    return (
        <Table
            caption={t(`usage.view.${by}`)}
            columns={groupColumns(by)}
            rows={summary.data?.data}
            isStale={summary.isOld}
            rowKey={(row) => row.day ?? row.model ?? row.key_id ?? ""}
        />
    );
}
