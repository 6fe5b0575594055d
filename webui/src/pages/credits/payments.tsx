import { getPaymentOptions, getPayments } from "../../api/payments";
import { t } from "../../i18n";
import { usePager, useWalk } from "../../state/pages";
import { useResource } from "../../state/resource";
import { place } from "../../state/router";
import { Card } from "../../ui/card";
import { Failure } from "../../ui/notice";
import { paymentColumns } from "../../ui/payments";
import { Pager, Table } from "../../ui/table";
import { Automatic } from "./automatic";
import { PayForm } from "./payform";
import { Returned } from "./returned";

const ROWS = 20;

/** All about payments through a processor. */
export function Payments({ version }: { version: string }) {
    const { query } = place.value;
    const returned = query.get("payment");
    const options = useResource(`payment options ${version}`, getPaymentOptions, { keep: true });
    return (
        <>
            {returned && (
                <Returned key={returned} id={returned} left={query.get("left") !== null} />
            )}
            <Failure error={options.error} retry={options.reload} />
            {options.data && <PayForm options={options.data} />}
            {options.data?.automatic_top_ups && (
                <Automatic options={options.data} onChange={options.reload} />
            )}
            <List version={version} />
        </>
    );
}

function List({ version }: { version: string }) {
    const walk = useWalk("payments", "payments");
    const page = useResource(
        `payments ${walk.cursor} ${version}`,
        (signal) => getPayments({ cursor: walk.cursor, limit: ROWS }, signal),
        { keep: true },
    );
    const pager = usePager(walk, page);
    if (!page.data || (page.data.data.length === 0 && walk.number === 1)) {
        return null;
    }
    return (
        <Card flush title={t("payments.list")}>
            <Table
                caption={t("payments.list")}
                columns={paymentColumns()}
                rows={page.data.data}
                rowKey={({ id }) => id}
                isStale={page.isOld}
            />
            <Pager {...pager} list={t("payments.list")} />
        </Card>
    );
}
