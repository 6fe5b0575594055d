import { getSales, type SalesRow } from "../../api/admin";
import type { Query } from "../../api/client";
import { daysBetween, type Window } from "../../base/days";
import { chartHeight, exact, glance, usd } from "../../base/money";
import { type Amount, stack } from "../../base/series";
import { shortDay } from "../../base/time";
import { locale, t } from "../../i18n";
import { useChoice, useWord } from "../../state/choice";
import { useResource } from "../../state/resource";
import { setAside } from "../../state/router";
import { Card } from "../../ui/card";
import { Chart, ChartBones } from "../../ui/chart";
import { dollars } from "../../ui/chart/axis";
import { type Choice, SelectField } from "../../ui/field";
import { Failure } from "../../ui/notice";
import { Segmented } from "../../ui/segmented";

const MEASURES = ["revenue", "cost", "profit"] as const;
type Measure = (typeof MEASURES)[number];
const GROUPS = ["model", "provider"] as const;
type Group = (typeof GROUPS)[number];

interface SalesChartProps {
    query: Query;
    time: Window;
    now: number;
}

/** Losses cannot stand on top of gains: where there is one of several, profit is one bar a day. */
function amountsOf(
    rows: readonly SalesRow[],
    measure: Measure,
    group: Group,
    chosen: string,
): Amount[] {
    const isMixed = chosen === "" && rows.some(({ profit }) => usd(profit) < 0n);
    const isOne = measure === "profit" && isMixed;
    return rows.map((row) => ({
        day: row.day ?? "",
        name: isOne ? t("sales.profit") : (row[group] ?? t("sales.none")),
        value: usd(row[measure]),
    }));
}

/** Of one model or provider, if one is chosen: so its losses, too, show by day. */
function only(rows: readonly SalesRow[], group: Group, name: string): readonly SalesRow[] {
    return name === "" ? rows : rows.filter((row) => (row[group] ?? t("sales.none")) === name);
}

function choicesOf(rows: readonly SalesRow[], group: Group, chosen: string): Choice[] {
    const names = new Set(rows.map((row) => row[group] ?? t("sales.none")));
    if (chosen !== "") {
        names.add(chosen);
    }
    const all = { value: "", text: t("sales.all") };
    return [all, ...[...names].sort().map((name) => ({ value: name, text: name }))];
}

export function SalesChart({ query, time, now }: SalesChartProps) {
    const [measure, setMeasure] = useChoice("measure", MEASURES);
    const [group] = useChoice("stack", GROUPS);
    const [name, setName] = useWord("only");
    const sales = useResource(
        `sales chart ${JSON.stringify([query, group])}`,
        (signal) => getSales({ ...query, by: `day,${group}` }, signal),
        { keep: true },
    );
    const days = daysBetween(time.from, time.to ?? new Date(now));
    const rows = sales.data?.data;
    const chooseGroup = (chosen: Group) =>
        setAside({ stack: chosen === GROUPS[0] ? null : chosen, only: null });
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
                        onValue={chooseGroup}
                    />
                    <SelectField
                        class="w-44"
                        label={t("sales.only")}
                        hideLabel
                        value={name}
                        choices={choicesOf(rows ?? [], group, name)}
                        onValue={setName}
                    />
                </>
            }
        >
            <Failure error={sales.error} retry={sales.reload} />
            {rows ? (
                <Chart
                    label={`${t(`sales.${measure}`)}, ${t("sales.byDay")}`}
                    days={days.map((day) => shortDay(day, locale()))}
                    series={stack(days, amountsOf(only(rows, group, name), measure, group, name))}
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
