import { getSummary, usageCsv } from "../../api/resources";
import { t } from "../../i18n";
import { usePulse } from "../../state/pulse";
import { useResource } from "../../state/resource";
import { place, setQuery } from "../../state/router";
import { CsvLink } from "../../ui/csvlink";
import { Card, Page } from "../../ui/card";
import { Failure } from "../../ui/notice";
import { Tabs } from "../../ui/tabs";
import { UnitTotals } from "../../ui/units";
import { queryOf, readFilter, VIEWS } from "./filter";
import { Filters } from "./filters";
import { Groups, GroupTable } from "./groups";
import { Refused } from "./refused";
import { Requests } from "./requests";
import { Totals } from "./totals";

export function Usage() {
    const now = Date.now();
    const filter = readFilter(place.value.query);
    const query = queryOf(filter, now);
    const key = `usage totals ${JSON.stringify(query)}`;
    const totals = useResource(key, (signal) => getSummary({ ...query, by: "model" }, signal), {
        keep: true,
    });
    usePulse(totals.reload);
    const tabs = VIEWS.map((id) => ({ id, name: t(`usage.view.${id}`) }));
    return (
        <Page
            title={t("nav.usage")}
            lead={t("usage.lead")}
            actions={<CsvLink href={usageCsv(query)} text={t("usage.csv")} />}
        >
            <Filters filter={filter} now={now} />
            <Failure error={totals.error} retry={totals.reload} />
            <Totals sums={totals.data?.totals} />
            <Card flush>
                <div class="pt-4">
                    <Tabs
                        isFlush
                        label={t("usage.views")}
                        tabs={tabs}
                        chosen={filter.view}
                        onChoose={(view) => setQuery({ view })}
                    >
                        {filter.view === "requests" ? (
                            <Requests filter={filter} query={query} />
                        ) : filter.view === "refused" ? (
                            <Refused query={query} />
                        ) : filter.view === "model" ? (
                            <GroupTable by="model" summary={totals} />
                        ) : (
                            <Groups key={filter.view} by={filter.view} query={query} />
                        )}
                    </Tabs>
                </div>
            </Card>
            <UnitTotals units={totals.data?.totals.units} />
        </Page>
    );
}
