// A chart of sums by day: bars, a legend, and the same numbers as a table for who cannot see bars.
import { useState } from "preact/hooks";
import { type Series, sums as sumsOf } from "../../base/series";
import { t } from "../../i18n";
import { effectiveTheme } from "../../state/theme";
import { Button } from "../button";
import { lazy } from "../lazy";
import { dotOf } from "./colors";

export interface ChartProps {
    label: string; // what it shows, for who cannot see it
    days: string[]; // as they are shown below the bars
    series: Series[];
    sums: bigint[];
    restName: string;
    stamp: string; // changes whenever anything of the chart has changed
    height: (value: bigint) => number;
    format: (value: bigint) => string; // exact
    glance: (value: bigint) => string; // rounded, for the legend
    axis: (values: number[]) => string[];
}

const Bars = lazy<ChartProps>(
    () => import("./bars").then((module) => module.Bars),
    <div class="skeleton h-full w-full" />,
);

/** With its legend, however long that is: what stands below a chart must not move when it comes. */
const CHART_HEIGHT = "h-96 sm:h-84";

/** Stands in for a chart that is on its way. */
export function ChartBones() {
    return <div class={`skeleton ${CHART_HEIGHT}`} />;
}

type Given = Omit<ChartProps, "sums" | "restName" | "stamp">;

export function Chart(given: Given) {
    const [isTable, setTable] = useState(false);
    const sums = sumsOf(given.series, given.days.length);
    const numbers = given.series.map(({ name, values }) => [name, values.map(String)]);
    const stamp = JSON.stringify([effectiveTheme(), given.label, given.days, numbers]);
    const props: ChartProps = { ...given, sums, restName: t("chart.others"), stamp };
    return (
        <figure class={`flex flex-col ${CHART_HEIGHT}`}>
            <div class="min-h-0 flex-1">
                {isTable ? <Numbers {...props} /> : <Bars key="bars" {...props} />}
            </div>
            <figcaption class="mt-3 flex shrink-0 flex-wrap items-center justify-between gap-x-4 gap-y-2">
                <Legend {...props} />
                <Button kind="quiet" size="small" onClick={() => setTable(!isTable)}>
                    {isTable ? t("chart.asBars") : t("chart.asTable")}
                </Button>
            </figcaption>
        </figure>
    );
}

function Legend({ series, restName, format, glance }: ChartProps) {
    return (
        <ul class="flex min-w-0 flex-wrap gap-x-4 gap-y-1 text-sm">
            {series.map(({ name, total }, index) => (
                <li key={name} class="flex min-w-0 items-center gap-1.5">
                    <span class={`size-2.5 shrink-0 rounded-sm ${dotOf(index, name)}`} />
                    <span class="truncate">{name ?? restName}</span>
                    <span class="figures text-soft" title={format(total)}>
                        {glance(total)}
                    </span>
                </li>
            ))}
        </ul>
    );
}

function Numbers({ label, days, series, sums, restName, format }: ChartProps) {
    const shown = days.map((day, index) => ({ day, index })).filter(({ index }) => sums[index]);
    return (
        <div class="max-h-full overflow-auto" tabIndex={0} role="region" aria-label={label}>
            <table class="figures w-full text-right text-sm">
                <caption class="sr-only">{label}</caption>
                <thead class="sticky top-0 bg-surface text-soft">
                    <tr>
                        <th scope="col" class="py-1 text-left font-medium">
                            {t("chart.day")}
                        </th>
                        {series.map(({ name }) => (
                            <th key={name} scope="col" class="py-1 pl-4 font-medium">
                                {name ?? restName}
                            </th>
                        ))}
                        <th scope="col" class="py-1 pl-4 font-medium">
                            {t("chart.sum")}
                        </th>
                    </tr>
                </thead>
                <tbody>
                    {shown.reverse().map(({ day, index }) => (
                        <tr key={day} class="border-t border-line">
                            <th scope="row" class="py-1 text-left font-normal whitespace-nowrap">
                                {day}
                            </th>
                            {series.map(({ name, values }) => (
                                <td key={name} class="py-1 pl-4">
                                    {format(values[index] ?? 0n)}
                                </td>
                            ))}
                            <td class="py-1 pl-4 font-medium">{format(sums[index] ?? 0n)}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}
