import { getSales, type SalesRow, type SalesSums } from "../../api/admin";
import type { Query } from "../../api/client";
import { usd } from "../../base/money";
import { count } from "../../base/number";
import { date } from "../../base/time";
import { locale, t } from "../../i18n";
import { useResource } from "../../state/resource";
import { setQuery } from "../../state/router";
import { Empty } from "../../ui/empty";
import { Glance } from "../../ui/figure";
import { Failure } from "../../ui/notice";
import { type Column, Table } from "../../ui/table";
import { UnitLines } from "../../ui/units";
import { type SalesFilter, SORTS, sortedSales, type SalesView } from "./salesfilter";

function Name({ row, view }: { row: SalesRow; view: SalesView }) {
    switch (view) {
        case "day":
            return <>{date(`${row.day}T12:00:00`, locale())}</>; // no zone: noon of that day
        case "model":
            return <>{row.model}</>;
        case "group":
            return <>{row.group ?? t("sales.noGroup")}</>;
        case "provider":
            return <>{row.provider ?? t("sales.none")}</>;
        case "customer":
            return (
                <a
                    class="text-accent underline-offset-2 hover:underline"
                    href={`/dashboard/admin/customers/${encodeURIComponent(row.customer?.id ?? "")}`}
                >
                    {row.customer?.email}
                </a>
            );
    }
}

function Profit({ amount }: { amount: string }) {
    return (
        <span class={usd(amount) < 0n ? "text-bad" : ""}>
            <Glance amount={amount} />
        </span>
    );
}

function salesColumns(view: SalesView): Column<SalesRow>[] {
    const money = (
        id: keyof Pick<SalesSums, "revenue" | "refunded" | "cost" | "overrun">,
        head: string,
    ): Column<SalesRow> => ({
        id,
        head,
        isNumber: true,
        cell: (row) => <Glance amount={row[id]} />,
    });
    return [
        {
            id: "name",
            head: t(`sales.by.${view}`),
            isTitle: true,
            cell: (row) => <Name row={row} view={view} />,
        },
        {
            id: "requests",
            head: t("usage.requests"),
            isNumber: true,
            cell: (row) => (
                <>
                    {count(row.requests, locale())}
                    <UnitLines units={row.units} />
                </>
            ),
        },
        {
            id: "errors",
            head: t("usage.errorCount"),
            isNumber: true,
            cell: (row) => count(row.errors, locale()),
        },
        money("revenue", t("sales.revenue")),
        money("refunded", t("sales.refunded")),
        money("cost", t("sales.cost")),
        money("overrun", t("sales.overrun")),
        {
            id: "profit",
            head: t("sales.profit"),
            isNumber: true,
            cell: (row) => <Profit amount={row.profit} />,
        },
    ];
}

function keyOf(row: SalesRow): string {
    return row.day ?? row.model ?? row.customer?.id ?? row.group ?? row.provider ?? "";
}

export function SalesTable({ filter, query }: { filter: SalesFilter; query: Query }) {
    const { view, sort } = filter;
    const sales = useResource(
        `sales table ${JSON.stringify([query, view])}`,
        (signal) => getSales({ ...query, by: view }, signal),
        { keep: true },
    );
    if (sales.data?.data.length === 0) {
        return (
            <Empty icon="overview" title={t("sales.empty")}>
                {t("sales.emptyText")}
            </Empty>
        );
    }
    // Heads move when the rows come: they are no buttons before.
    const sorting = {
        by: sort ?? "",
        choices: SORTS,
        onSort: (id: string) => setQuery({ sort: id === sort ? null : id }),
    };
    return (
        <>
            <Failure error={sales.error} retry={sales.reload} />
            <Table
                caption={t("sales.title")}
                columns={salesColumns(view)}
                rows={sales.data && sortedSales(sales.data.data, sort)}
                isStale={sales.isOld}
                rowKey={keyOf}
                sorting={sales.data && sorting}
            />
        </>
    );
}
