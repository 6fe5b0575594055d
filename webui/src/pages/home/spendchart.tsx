import type { SummaryRow } from "../../api/types";
import { chartHeight, exact, glance, usd } from "../../base/money";
import { compact, count } from "../../base/number";
import { type Amount, stack } from "../../base/series";
import { shortDay } from "../../base/time";
import { locale, t } from "../../i18n";
import { useChoice } from "../../state/choice";
import { Card } from "../../ui/card";
import { Chart, ChartBones } from "../../ui/chart";
import { dollars } from "../../ui/chart/axis";
import { Segmented } from "../../ui/segmented";
import { tokensOf } from "./sums";

const MEASURES = ["spend", "tokens"] as const;
type Measure = (typeof MEASURES)[number];

function amountsOf(rows: readonly SummaryRow[], measure: Measure): Amount[] {
    return rows.map((row) => ({
        day: row.day ?? "",
        name: row.model ?? "",
        value: measure === "spend" ? usd(row.cost) : BigInt(tokensOf(row)),
    }));
}

export function SpendChart({ rows, days }: { rows: SummaryRow[] | undefined; days: string[] }) {
    const [measure, setMeasure] = useChoice("measure", MEASURES);
    const isMoney = measure === "spend";
    const choices = [
        { value: "spend", text: t("home.spend") },
        { value: "tokens", text: t("home.tokens") },
    ] as const;
    return (
        <Card
            title={t("home.chart")}
            note={t("home.chartNote")}
            actions={
                <Segmented
                    label={t("home.measure")}
                    choices={choices}
                    value={measure}
                    onValue={setMeasure}
                />
            }
        >
            {rows ? (
                <Chart
                    label={isMoney ? t("home.chartSpend") : t("home.chartTokens")}
                    days={days.map((day) => shortDay(day, locale()))}
                    series={stack(days, amountsOf(rows, measure))}
                    height={isMoney ? chartHeight : Number}
                    format={isMoney ? exact : (value) => count(Number(value), locale())}
                    glance={isMoney ? glance : (value) => compact(Number(value), locale())}
                    axis={isMoney ? dollars : (values) => values.map((at) => compact(at, locale()))}
                />
            ) : (
                <ChartBones />
            )}
        </Card>
    );
}
