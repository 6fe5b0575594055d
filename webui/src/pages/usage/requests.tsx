import type { Query } from "../../api/client";
import { ApiError } from "../../api/error";
import { getUsage } from "../../api/resources";
import { wholePage } from "../../api/whole";
import type { UsagePage, UsageRecord } from "../../api/types";
import { type PlainKey, t } from "../../i18n";
import { usePager, useWalk } from "../../state/pages";
import { usePulse } from "../../state/pulse";
import { useResource } from "../../state/resource";
import { setQuery } from "../../state/router";
import { Empty } from "../../ui/empty";
import { SelectField } from "../../ui/field";
import { Failure, Notice } from "../../ui/notice";
import { requestColumns, requestName } from "../../ui/requests";
import { Pager, Table } from "../../ui/table";
import { type Filter, type Sort, SORTS } from "./filter";

const ROWS = 50;
/** The heads of the columns; on a narrow page there are none, but a list of these. */
const SORT_NAMES: Record<Sort, PlainKey> = {
    newest: "request.time",
    cost: "request.cost",
    tokens: "request.tokens",
    duration: "request.duration",
};

interface RequestsProps {
    filter: Filter;
    query: Query;
}

export function Requests({ filter, query }: RequestsProps) {
    const key = `usage ${JSON.stringify([query, filter.sort])}`;
    const walk = useWalk(key);
    const page = useResource(
        `${key} ${walk.cursor}`,
        (signal) =>
            wholePage<UsageRecord, UsagePage>(
                ROWS,
                (cursor, limit) =>
                    getUsage({ ...query, sort: filter.sort, totals: "no", cursor, limit }, signal),
                walk.cursor,
            ),
        { keep: true },
    );
    usePulse(() => {
        if (walk.number === 1) {
            page.reload();
        }
    });
    const pager = usePager(walk, page);
    if (page.error) {
        return <TooMany error={page.error} retry={page.reload} />;
    } else if (page.data?.data.length === 0 && walk.number === 1) {
        return (
            <Empty icon="usage" title={t("usage.empty")}>
                {t("usage.emptyText")}
            </Empty>
        );
    }
    return (
        <>
            <SelectField
                class="px-5 pt-3 md:hidden"
                label={t("usage.sort")}
                value={filter.sort}
                choices={SORTS.map((value) => ({ value, text: t(SORT_NAMES[value]) }))}
                onValue={(sort) => setQuery({ sort })}
            />
            <Table
                caption={t("usage.view.requests")}
                columns={requestColumns("/dashboard/usage")}
                rows={page.data?.data}
                rowKey={(record) => record.id}
                rowName={requestName}
                isStale={page.isOld}
                bones={12}
                sorting={{
                    by: filter.sort,
                    choices: SORTS,
                    onSort: (sort) => setQuery({ sort }),
                }}
            />
            <Pager {...pager} />
        </>
    );
}

/** Sorting by anything but time has a bound; there is a way back from it. */
function TooMany({ error, retry }: { error: unknown; retry: () => void }) {
    if (!(error instanceof ApiError) || error.code !== "too_many_to_sort") {
        return (
            <div class="px-5 pb-5">
                <Failure error={error} retry={retry} />
            </div>
        );
    }
    return (
        <div class="px-5 pb-5">
            <Notice tone="warn" isAlert>
                {t("usage.tooMany")}{" "}
                <button
                    type="button"
                    class="cursor-pointer font-medium underline underline-offset-2"
                    onClick={() => setQuery({ sort: null })}
                >
                    {t("usage.sortNewest")}
                </button>
            </Notice>
        </div>
    );
}
