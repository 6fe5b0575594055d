import { type CustomerPayment, getAllPayments, PAYMENT_STATES } from "../../api/payments";
import { t } from "../../i18n";
import { usePager, useWalk } from "../../state/pages";
import { useResource } from "../../state/resource";
import { place, setQuery } from "../../state/router";
import { Card, Page } from "../../ui/card";
import { Empty } from "../../ui/empty";
import { SelectField } from "../../ui/field";
import { Failure } from "../../ui/notice";
import { paymentColumns, paymentState } from "../../ui/payments";
import { type Column, Pager, Table } from "../../ui/table";

const ROWS = 50;

export function AdminPayments() {
    const chosen = PAYMENT_STATES.find((it) => it === place.value.query.get("state"));
    const userId = place.value.query.get("user_id");
    const key = `all payments ${chosen ?? ""} ${userId ?? ""}`;
    const walk = useWalk(key);
    const page = useResource(
        `${key} ${walk.cursor}`,
        (signal) =>
            getAllPayments(
                { user_id: userId, state: chosen, cursor: walk.cursor, limit: ROWS },
                signal,
            ),
        { keep: true },
    );
    const pager = usePager(walk, page);
    const choices = [
        { value: "", text: t("payments.allStates") },
        ...PAYMENT_STATES.map((state) => ({ value: state, text: paymentState(state) })),
    ];
    return (
        <Page title={t("nav.payments")} lead={t("payments.lead")}>
            <SelectField
                class="w-56"
                label={t("payments.state")}
                value={chosen ?? ""}
                choices={choices}
                onValue={(value) => setQuery({ state: value || null })}
            />
            <Failure error={page.error} retry={page.reload} />
            <Card flush>
                {page.data?.data.length === 0 && walk.number === 1 ? (
                    <Empty icon="credits" title={t("payments.none")}>
                        {t("payments.noneText")}
                    </Empty>
                ) : (
                    <Table
                        caption={t("nav.payments")}
                        columns={columns()}
                        rows={page.data?.data}
                        rowKey={({ id }) => id}
                        isStale={page.isOld}
                    />
                )}
                <Pager {...pager} />
            </Card>
        </Page>
    );
}

function columns(): Column<CustomerPayment>[] {
    const [created, ...rest] = paymentColumns<CustomerPayment>();
    return [
        ...(created ? [created] : []),
        {
            id: "customer",
            head: t("payments.customer"),
            cell: ({ email, user_id }) => (
                <a class="link break-all" href={`/dashboard/admin/customers/${user_id}`}>
                    {email}
                </a>
            ),
        },
        ...rest,
        {
            id: "ids",
            head: t("payments.ids"),
            cell: ({ id, charge_id }) => (
                <span class="text-sm break-all text-soft">
                    {id}
                    {charge_id && <span class="block">{charge_id}</span>}
                </span>
            ),
        },
    ];
}
