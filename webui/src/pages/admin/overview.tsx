import { useState } from "preact/hooks";
import { getSales, salesCsv, statementCsv } from "../../api/admin";
import { typedDays } from "../../base/days";
import { monthName } from "../../base/time";
import { locale, t } from "../../i18n";
import { useResource } from "../../state/resource";
import { place, setQuery } from "../../state/router";
import { may } from "../../state/session";
import { CsvLink } from "../../ui/csvlink";
import { Card, Page } from "../../ui/card";
import { SelectField } from "../../ui/field";
import { Failure } from "../../ui/notice";
import { PeriodDays } from "../../ui/perioddays";
import { Segmented } from "../../ui/segmented";
import { Tabs } from "../../ui/tabs";
import { UnitTotals } from "../../ui/units";
import { LiveTiles } from "./live";
import { OpenAlerts } from "./openalerts";
import { SalesChart } from "./saleschart";
import {
    lastMonths,
    readSales,
    SALES_PERIODS,
    type SalesFilter,
    type SalesPeriod,
    salesQuery,
    salesWindow,
    VIEWS,
} from "./salesfilter";
import { SalesTable } from "./salestable";
import { SalesTotals } from "./salestotals";

const MONTHS = 24; // to choose a statement of

/** The service now, and what was sold; each for who may see it. */
export function Overview() {
    return (
        <Page title={t("nav.overview")} lead={t("overview.lead")}>
            {may("service.read") && <OpenAlerts />}
            {may("service.read") && <LiveTiles />}
            {may("money.read") && <Sales />}
        </Page>
    );
}

function Sales() {
    const now = Date.now();
    const filter = readSales(place.value.query);
    const time = salesWindow(filter, now);
    const query = salesQuery(time);
    const sales = useResource(
        `sales totals ${JSON.stringify(query)}`,
        (signal) => getSales({ ...query, by: "provider" }, signal),
        { keep: true },
    );
    const tabs = VIEWS.map((id) => ({ id, name: t(`sales.by.${id}`) }));
    return (
        <>
            <SalesHead filter={filter} now={now} />
            <Failure error={sales.error} retry={sales.reload} />
            <SalesTotals sums={sales.data?.totals} />
            <SalesChart query={query} time={time} now={now} />
            <Card flush>
                <div class="pt-4">
                    <Tabs
                        isFlush
                        label={t("usage.views")}
                        tabs={tabs}
                        chosen={filter.view}
                        onChoose={(view) => setQuery({ view })}
                    >
                        <div class="px-5 pb-3">
                            <CsvLink
                                size="small"
                                href={salesCsv({ ...query, by: filter.view })}
                                text={t("sales.csv")}
                            />
                        </div>
                        <SalesTable key={filter.view} filter={filter} query={query} />
                    </Tabs>
                </div>
            </Card>
            <UnitTotals units={sales.data?.totals.units} />
            {(sales.data ?? sales.error) && <Statement now={now} />}
        </>
    );
}

/** A custom time begins as the one that was shown. */
function periodChange(period: SalesPeriod, filter: SalesFilter, now: number) {
    return period === "custom"
        ? { period, ...typedDays(salesWindow(filter, now), now) }
        : { period, first: null, last: null };
}

function SalesHead({ filter, now }: { filter: SalesFilter; now: number }) {
    const periods = SALES_PERIODS.map((value) => ({ value, text: t(`period.${value}`) }));
    return (
        <>
            <div class="mt-2 flex flex-wrap items-center justify-between gap-3">
                <h2 class="text-lg font-semibold">{t("sales.title")}</h2>
                <Segmented
                    label={t("usage.period")}
                    choices={periods}
                    value={filter.period}
                    onValue={(period) => setQuery(periodChange(period, filter, now))}
                />
            </div>
            {filter.period === "custom" && (
                <div class="grid grid-cols-2 gap-3 sm:ml-auto sm:w-96">
                    <PeriodDays {...filter} />
                </div>
            )}
        </>
    );
}

/** For the accountant; the month before is the one that is over. */
function Statement({ now }: { now: number }) {
    const months = lastMonths(now, MONTHS);
    const [month, setMonth] = useState(months[1] ?? "");
    return (
        <Card title={t("statement.title")}>
            <p class="mb-3 text-soft">{t("statement.lead")}</p>
            <div class="flex flex-wrap items-end gap-3">
                <SelectField
                    class="w-44"
                    label={t("statement.month")}
                    value={month}
                    choices={months.map((value) => ({
                        value,
                        text: monthName(value, locale()),
                    }))}
                    onValue={setMonth}
                />
                <CsvLink href={statementCsv(month)} text={t("statement.csv")} />
            </div>
        </Card>
    );
}
