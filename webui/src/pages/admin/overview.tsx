import { useState } from "preact/hooks";
import { getSales } from "../../api/admin";
import { type Period, PERIODS, periodWindow } from "../../base/days";
import { toDateInput } from "../../base/time";
import { t } from "../../i18n";
import { useResource } from "../../state/resource";
import { place, setQuery } from "../../state/router";
import { may } from "../../state/session";
import { Card, Page } from "../../ui/card";
import { Failure } from "../../ui/notice";
import { Segmented } from "../../ui/segmented";
import { Tabs } from "../../ui/tabs";
import { UnitTotals } from "../../ui/units";
import { LiveTiles } from "./live";
import { SalesChart } from "./saleschart";
import { SalesTable, type SalesView, VIEWS } from "./salestable";
import { SalesTotals } from "./salestotals";

function readPeriod(): Period {
    const text = place.value.query.get("period");
    return PERIODS.find((period) => period === text) ?? "30d";
}

/** The service now, and what was sold; each for who may see it. */
export function Overview() {
    return (
        <Page title={t("nav.overview")} lead={t("overview.lead")}>
            {may("service.read") && <LiveTiles />}
            {may("money.read") && <Sales />}
        </Page>
    );
}

function Sales() {
    const [view, setView] = useState<SalesView>("day");
    const now = Date.now();
    const period = readPeriod();
    const query = { from: toDateInput(periodWindow(period, now).from) };
    const sales = useResource(
        `sales totals ${JSON.stringify(query)}`,
        (signal) => getSales({ ...query, by: "provider" }, signal),
        { keep: true },
    );
    const periods = PERIODS.map((value) => ({ value, text: t(`period.${value}`) }));
    const tabs = VIEWS.map((id) => ({ id, name: t(`sales.by.${id}`) }));
    return (
        <>
            <div class="mt-2 flex flex-wrap items-center justify-between gap-3">
                <h2 class="text-lg font-semibold">{t("sales.title")}</h2>
                <Segmented
                    label={t("usage.period")}
                    choices={periods}
                    value={period}
                    onValue={(value) => setQuery({ period: value })}
                />
            </div>
            <Failure error={sales.error} retry={sales.reload} />
            <SalesTotals sums={sales.data?.totals} />
            <SalesChart query={query} period={period} now={now} />
            <Card flush>
                <div class="pt-4">
                    <Tabs
                        isFlush
                        label={t("usage.views")}
                        tabs={tabs}
                        chosen={view}
                        onChoose={(id) => setView(id as SalesView)}
                    >
                        <SalesTable key={view} view={view} query={query} />
                    </Tabs>
                </div>
            </Card>
            <UnitTotals units={sales.data?.totals.units} />
        </>
    );
}
