import type { Query } from "../../api/client";
import { ApiError } from "../../api/error";
import { getUsage } from "../../api/resources";
import { wholePage } from "../../api/whole";
import type { UsagePage, UsageRecord } from "../../api/types";
import { count } from "../../base/number";
import { locale, t } from "../../i18n";
import { useWalk } from "../../state/pages";
import { usePulse } from "../../state/pulse";
import { useResource } from "../../state/resource";
import { setQuery } from "../../state/router";
import { Empty } from "../../ui/empty";
import { Failure, Notice } from "../../ui/notice";
import { requestColumns } from "../../ui/requests";
import { Pager, Table } from "../../ui/table";
import { type Filter, SORTS } from "./filter";

const ROWS = 50;

interface RequestsProps {
    filter: Filter;
    query: Query;
    onNew: () => void;
}

export function Requests({ filter, query, onNew }: RequestsProps) {
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
        onNew();
        if (walk.number === 1) {
            page.reload();
        }
    });
    const next = page.data?.next_cursor;
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
            <Table
                caption={t("usage.view.requests")}
                columns={requestColumns("/dashboard/usage")}
                rows={page.data?.data}
                rowKey={(record) => record.id}
                isStale={page.isLoading && page.data !== undefined && walk.number > 1}
                bones={12}
                sorting={{
                    by: filter.sort,
                    choices: SORTS,
                    onSort: (sort) => setQuery({ sort }),
                }}
            />
            <Pager
                page={walk.number}
                hasNext={Boolean(next)}
                onPrevious={walk.back}
                onNext={() => next && walk.forth(next)}
            />
        </>
    );
}

/** Sorting by anything but time has a bound, and the error says by how much it was missed. */
function TooMany({ error, retry }: { error: unknown; retry: () => void }) {
    if (!(error instanceof ApiError) || error.code !== "too_many_to_sort") {
        return (
            <div class="px-5 pb-5">
                <Failure error={error} retry={retry} />
            </div>
        );
    }
    const number = (name: string) => count(Number(error.body.metadata?.[name] ?? 0), locale());
    return (
        <div class="px-5 pb-5">
            <Notice tone="warn" isAlert>
                {t("usage.tooMany", { records: number("records"), max: number("max") })}{" "}
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
