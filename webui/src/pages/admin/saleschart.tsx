import { useState } from "preact/hooks";
import { getSales, type SalesRow } from "../../api/admin";
import type { Query } from "../../api/client";
import { daysBetween, type Period, periodWindow } from "../../base/days";
import { chartHeight, exact, glance, usd } from "../../base/money";
import { type Amount, stack } from "../../base/series";
import { shortDay } from "../../base/time";
import { locale, t } from "../../i18n";
import { useResource } from "../../state/resource";
import { Card } from "../../ui/card";
import { Chart, ChartBones } from "../../ui/chart";
import { dollars } from "../../ui/chart/axis";
import { Failure } from "../../ui/notice";
import { Segmented } from "../../ui/segmented";

const MEASURES = ["revenue", "cost", "profit"] as const;
type Measure = (typeof MEASURES)[number];
const GROUPS = ["model", "provider"] as const;
type Group = (typeof GROUPS)[number];

interface SalesChartProps {
    query: Query;
    period: Period;
    now: number;
}

/** Losses cannot stand on top of gains, so profit is one bar a day; the others are stacked. */
function amountsOf(rows: readonly SalesRow[], measure: Measure, group: Group): Amount[] {
    return rows.map((row) => ({
        day: row.day ?? "",
        name: measure === "profit" ? t("sales.profit") : (row[group] ?? t("sales.none")),
        value: usd(row[measure]),
    }));
}

export function SalesChart({ query, period, now }: SalesChartProps) {
    const [measure, setMeasure] = useState<Measure>("revenue");
    const [group, setGroup] = useState<Group>("model");
    const sales = useResource(
        `sales chart ${JSON.stringify([query, group])}`,
        (signal) => getSales({ ...query, by: `day,${group}` }, signal),
        { keep: true },
    );
    const days = daysBetween(periodWindow(period, now).from, new Date(now));
    const rows = sales.data?.data;
    return (
        <Card
            title={t("sales.byDay")}
            actions={
                <>
                    <Segmented
                        label={t("home.measure")}
                        choices={MEASURES.map((value) => ({ value, text: t(`sales.${value}`) }))}
                        value={measure}
                        onValue={setMeasure}
                    />
                    <Segmented
                        label={t("sales.stackedBy")}
                        choices={GROUPS.map((value) => ({ value, text: t(`sales.by.${value}`) }))}
                        value={group}
                        onValue={setGroup}
                    />
                </>
            }
        >
            <Failure error={sales.error} retry={sales.reload} />
            {rows ? (
                <Chart
                    label={`${t(`sales.${measure}`)}, ${t("sales.byDay")}`}
                    days={days.map((day) => shortDay(day, locale()))}
                    series={stack(days, amountsOf(rows, measure, group))}
                    height={chartHeight}
                    format={exact}
                    glance={glance}
                    axis={dollars}
                />
            ) : (
                <ChartBones />
            )}
        </Card>
    );
}
