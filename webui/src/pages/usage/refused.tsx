import type { Query } from "../../api/client";
import { getRefusals } from "../../api/resources";
import { t } from "../../i18n";
import { usePager, useWalk } from "../../state/pages";
import { usePulse } from "../../state/pulse";
import { useResource } from "../../state/resource";
import { Empty } from "../../ui/empty";
import { Failure } from "../../ui/notice";
import { LeftOut, refusedColumns } from "../../ui/refused";
import { requestName } from "../../ui/requests";
import { Pager, Table } from "../../ui/table";

const ROWS = 50;

/** What never became a request: no money, a limit, a key that is off, a model that is not there. */
export function Refused({ query }: { query: Query }) {
    const key = `refused ${JSON.stringify(query)}`;
    const walk = useWalk(key);
    const page = useResource(
        `${key} ${walk.cursor}`,
        (signal) => getRefusals({ ...query, cursor: walk.cursor, limit: ROWS }, signal),
        { keep: true },
    );
    usePulse(() => {
        if (walk.number === 1) {
            page.reload();
        }
    });
    const pager = usePager(walk, page);
    if (page.data?.data.length === 0 && walk.number === 1) {
        return (
            <Empty icon="usage" title={t("refused.empty")}>
                {t("refused.emptyText")}
            </Empty>
        );
    }
    return (
        <>
            <Failure error={page.error} retry={page.reload} />
            <LeftOut number={page.data?.left_out} />
            <Table
                caption={t("usage.view.refused")}
                columns={refusedColumns("/dashboard/usage")}
                rows={page.data?.data}
                rowKey={(record) => record.id}
                rowName={requestName}
                isStale={page.isOld}
            />
            <Pager {...pager} />
        </>
    );
}
