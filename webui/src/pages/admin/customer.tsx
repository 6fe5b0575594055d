// One customer: what there is, what went, and what an operator can do about it.
import { useState } from "preact/hooks";
import {
    type CustomerDetail,
    customerUsageCsv,
    endCustomerSessions,
    getCustomer,
    getCustomerRefusals,
    getCustomerTransfers,
    getCustomerUsage,
    unlockCustomer,
} from "../../api/admin";
import { wholePage } from "../../api/whole";
import type { Permission } from "../../api/account";
import type { RefusedRequest, UsagePage, UsageRecord } from "../../api/types";
import type { Address } from "../../app";
import { usd } from "../../base/money";
import { t } from "../../i18n";
import { useAction } from "../../state/action";
import { announce } from "../../state/announce";
import { usePager, useWalk } from "../../state/pages";
import { useResource } from "../../state/resource";
import { place, setQuery } from "../../state/router";
import { may, session } from "../../state/session";
import { BackLink } from "../../ui/backlink";
import { Button } from "../../ui/button";
import { CsvLink } from "../../ui/csvlink";
import { Card, Page } from "../../ui/card";
import { Empty } from "../../ui/empty";
import { Facts } from "../../ui/facts";
import { Ago, Count, Exact, Time } from "../../ui/figure";
import { Failure, Notice } from "../../ui/notice";
import { LeftOut, refusedColumns } from "../../ui/refused";
import { requestColumns, requestName } from "../../ui/requests";
import { Stat } from "../../ui/stat";
import { type Column, Pager, Table } from "../../ui/table";
import { Tabs } from "../../ui/tabs";
import { transferColumns } from "../../ui/transfers";
import { AuditList } from "./audit";
import { CustomerData, SecondFactorAct } from "./customerdata";
import { CustomerKeys } from "./customerkeys";
import { CustomerNotes } from "./customernotes";
import { CustomerQuotas } from "./customerquotas";
import { State } from "./customers";
import {
    CreditDialog,
    DebitDialog,
    DisableDialog,
    GroupDialog,
    LinkDialog,
    RoleDialog,
} from "./customeracts";

const ROWS = 25;
const REQUESTS = "/dashboard/admin/requests";
const VIEWS = ["requests", "refused", "transfers", "keys", "quotas", "audit", "notes"] as const;
type View = (typeof VIEWS)[number];
type Doing = "credit" | "debit" | "disable" | "group" | "role" | "link" | null;

export function CustomerPage({ address }: { address: Address }) {
    const id = address["id"] ?? "";
    const customer = useResource(`customer ${id}`, (signal) => getCustomer(id, signal));
    const [doing, setDoing] = useState<Doing>(null);
    const [turn, setTurn] = useState(0); // what is listed below is loaded again after an act
    const onDone = () => {
        setDoing(null);
        setTurn(turn + 1);
        customer.reload();
    };
    const data = customer.data;
    return (
        <Page
            title={data?.email ?? t("customers.customer")}
            lead={<span class="font-mono text-sm">{id}</span>}
            actions={<Actions id={id} customer={data} onDo={setDoing} />}
        >
            <BackLink href="/dashboard/admin/customers">{t("customers.back")}</BackLink>
            <Failure error={customer.error} retry={customer.reload} />
            {!customer.error && (
                <>
                    <Money customer={data} />
                    <Details customer={data} />
                    <Access id={id} onDo={setDoing} customer={data} onDone={onDone} />
                    <Lists turn={turn} userId={id} customer={data} onNoted={customer.reload} />
                    {mayActOn("customers.manage", data) && me() !== id && data && (
                        <CustomerData customer={data} onDone={onDone} />
                    )}
                </>
            )}
            {data && doing === "credit" && (
                <CreditDialog customer={data} onClose={() => setDoing(null)} onDone={onDone} />
            )}
            {data && doing === "debit" && (
                <DebitDialog customer={data} onClose={() => setDoing(null)} onDone={onDone} />
            )}
            {data && doing === "disable" && (
                <DisableDialog customer={data} onClose={() => setDoing(null)} onDone={onDone} />
            )}
            {data && doing === "role" && (
                <RoleDialog customer={data} onClose={() => setDoing(null)} onDone={onDone} />
            )}
            {data && doing === "link" && (
                <LinkDialog customer={data} onClose={() => setDoing(null)} onDone={onDone} />
            )}
            {data && doing === "group" && (
                <GroupDialog customer={data} onClose={() => setDoing(null)} onDone={onDone} />
            )}
        </Page>
    );
}

const me = () => (session.value.state === "user" ? session.value.user.id : "");

interface ActionsProps {
    id: string;
    customer: CustomerDetail | undefined;
    onDo: (doing: Doing) => void; // until the customer has come, it waits
}

/** Only administrators act on accounts of operators. */
function mayActOn(permission: Permission, customer: CustomerDetail | undefined): boolean {
    return may(permission) && (customer?.role === "user" || may("staff.manage"));
}

function Actions({ id, customer, onDo }: ActionsProps) {
    const manages = mayActOn("customers.manage", customer);
    return (
        <>
            {manages && <Button onClick={() => onDo("group")}>{t("customers.group")}</Button>}
            {manages && me() !== id && (
                <Button onClick={() => onDo("disable")}>
                    {customer?.disabled ? t("customers.enable") : t("customers.disable")}
                </Button>
            )}
            {mayActOn("money.write", customer) && (
                <>
                    <Button onClick={() => onDo("debit")}>{t("customers.take")}</Button>
                    <Button kind="primary" icon="plus" onClick={() => onDo("credit")}>
                        {t("customers.give")}
                    </Button>
                </>
            )}
        </>
    );
}

interface AccessProps extends ActionsProps {
    onDone: () => void;
}

/** What lets a customer in, or not. */
function Access({ id, customer, onDo, onDone }: AccessProps) {
    const unlock = useAction(async () => {
        await unlockCustomer(id);
        announce(t("customers.unlocked"));
        onDone();
    });
    const endSessions = useAction(async () => {
        await endCustomerSessions(id);
        announce(t("customers.sessionsEnded"));
        onDone();
    });
    if (!mayActOn("customers.help", customer)) {
        return null;
    }
    return (
        <Card title={t("customers.access")}>
            <div class="flex flex-wrap gap-2">
                <Button onClick={() => onDo("link")}>{t("customers.link")}</Button>
                <Button busy={unlock.isBusy} onClick={() => unlock.run()}>
                    {t("customers.unlock")}
                </Button>
                <Button busy={endSessions.isBusy} onClick={() => endSessions.run()}>
                    {t("customers.endSessions")}
                </Button>
                {customer?.second_factor && me() !== id && (
                    <SecondFactorAct customer={customer} onDone={onDone} />
                )}
                {may("staff.manage") && (
                    <Button onClick={() => onDo("role")}>{t("customers.role")}</Button>
                )}
            </div>
            <Failure error={unlock.error ?? endSessions.error} />
        </Card>
    );
}

function Money({ customer }: { customer: CustomerDetail | undefined }) {
    const exact = (amount: string | undefined) => amount && <Exact amount={amount} />;
    return (
        <>
            {customer && usd(customer.owed) > 0n && (
                <Notice tone="warn">
                    {t("customers.owes")} <Exact amount={customer.owed} />
                </Notice>
            )}
            {customer && customer.mail_refused_at !== null && (
                <Notice tone="warn">
                    {t("customers.mailRefused", { why: customer.mail_refused_why ?? "" })}{" "}
                    <Time time={customer.mail_refused_at} />
                </Notice>
            )}
            <div class="grid grid-cols-2 gap-3 sm:gap-4 lg:grid-cols-4">
                <Stat label={t("home.available")} value={exact(customer?.available)} />
                <Stat label={t("credits.held")} value={exact(customer?.held)} />
                <Stat label={t("customers.credits")} value={exact(customer?.total_credits)} />
                <Stat label={t("customers.usage")} value={exact(customer?.total_usage)} />
            </div>
        </>
    );
}

function Details({ customer }: { customer: CustomerDetail | undefined }) {
    const facts = [
        { name: t("keys.state"), value: customer && <State {...customer} /> },
        { name: t("customers.name"), value: customer && (customer.name || "–") },
        {
            name: t("customers.since"),
            value: customer && <Time time={customer.created_at} />,
        },
        {
            name: t("factor.title"),
            value: customer && t(customer.second_factor ? "factor.on" : "factor.none"),
        },
        { name: t("nav.keys"), value: customer && <Count value={customer.keys} /> },
        { name: t("usage.requests"), value: customer && <Count value={customer.requests} /> },
        {
            name: t("keys.lastUsed"),
            value:
                customer &&
                (customer.last_used_at ? <Ago time={customer.last_used_at} /> : t("keys.never")),
        },
    ];
    return (
        <Card title={t("request.details")}>
            <div class="gap-x-10 lg:columns-2">
                <Facts facts={facts} />
            </div>
        </Card>
    );
}

interface ListsProps {
    turn: number;
    userId: string;
    customer: CustomerDetail | undefined;
    onNoted: () => void;
}

/** The last tab says whether there is something to read. */
function nameOf(view: View, customer: CustomerDetail | undefined): string {
    const name = t(`customers.view.${view}`);
    return view === "notes" && customer?.notes ? `${name} (${customer.notes})` : name;
}

function Lists({ turn, userId, customer, onNoted }: ListsProps) {
    const asked = place.value.query.get("view");
    const view: View = VIEWS.find((known) => known === asked) ?? "requests";
    const canWrite = mayActOn("customers.help", customer) || mayActOn("money.write", customer);
    return (
        <Card flush>
            <div class="pt-4">
                <Tabs
                    isFlush
                    label={t("usage.views")}
                    tabs={VIEWS.map((id) => ({ id, name: nameOf(id, customer) }))}
                    chosen={view}
                    onChoose={(id) => setQuery({ view: id })}
                >
                    <div key={turn}>
                        {view === "requests" && <Requests userId={userId} />}
                        {view === "refused" && <Refused userId={userId} />}
                        {view === "transfers" && <Transfers userId={userId} />}
                        {view === "keys" && (
                            <CustomerKeys
                                userId={userId}
                                canAct={mayActOn("customers.help", customer)}
                            />
                        )}
                        {view === "quotas" && (
                            <CustomerQuotas
                                userId={userId}
                                canAct={mayActOn("customers.manage", customer)}
                            />
                        )}
                        {view === "audit" && <AuditList query={{ user_id: userId }} />}
                        {view === "notes" && (
                            <CustomerNotes userId={userId} canWrite={canWrite} onDone={onNoted} />
                        )}
                    </div>
                </Tabs>
            </div>
        </Card>
    );
}

interface ListProps<Row> {
    name: string;
    load: (cursor: string | null, limit: number, signal: AbortSignal) => Promise<Paged<Row>>;
    columns: Column<Row>[];
    rowKey: (row: Row) => string;
    rowName?: (row: Row) => string;
    caption: string;
}

interface Paged<Row> {
    data: Row[];
    next_cursor: string | null;
}

/** A list of the customer's, page by page. */
function List<Row>({ name, load, columns, rowKey, rowName, caption }: ListProps<Row>) {
    const walk = useWalk(name);
    const page = useResource(
        `${name} ${walk.cursor}`,
        (signal) => wholePage(ROWS, (cursor, limit) => load(cursor, limit, signal), walk.cursor),
        { keep: true },
    );
    const pager = usePager(walk, page);
    if (page.data?.data.length === 0 && walk.number === 1) {
        return <Empty icon="search" title={t("customers.nothing")} />;
    }
    return (
        <>
            <Failure error={page.error} retry={page.reload} />
            <Table
                caption={caption}
                columns={columns}
                rows={page.data?.data}
                isStale={page.isOld}
                rowKey={rowKey}
                {...(rowName && { rowName })}
            />
            <Pager {...pager} />
        </>
    );
}

function Requests({ userId }: { userId: string }) {
    return (
        <>
            <div class="px-5 pb-3">
                <CsvLink size="small" href={customerUsageCsv(userId)} text={t("usage.csv")} />
            </div>
            <List<UsageRecord>
                name={`customer usage ${userId}`}
                caption={t("customers.view.requests")}
                load={(cursor, limit, signal): Promise<UsagePage> =>
                    getCustomerUsage({ user_id: userId, totals: "no", cursor, limit }, signal)
                }
                columns={requestColumns(REQUESTS)}
                rowKey={(record) => record.id}
                rowName={requestName}
            />
        </>
    );
}

function Refused({ userId }: { userId: string }) {
    const [leftOut, setLeftOut] = useState(0);
    return (
        <>
            <LeftOut number={leftOut} />
            <List<RefusedRequest>
                name={`customer refusals ${userId}`}
                caption={t("customers.view.refused")}
                load={async (cursor, limit, signal) => {
                    const query = { user_id: userId, cursor, limit };
                    const page = await getCustomerRefusals(query, signal);
                    setLeftOut(page.left_out);
                    return page;
                }}
                columns={refusedColumns(REQUESTS)}
                rowKey={(record) => record.id}
                rowName={requestName}
            />
        </>
    );
}

function Transfers({ userId }: { userId: string }) {
    return (
        <List
            name={`customer transfers ${userId}`}
            caption={t("customers.view.transfers")}
            load={(cursor, limit, signal) =>
                getCustomerTransfers({ user_id: userId, cursor, limit }, signal)
            }
            columns={transferColumns(REQUESTS, true)}
            rowKey={(row) => `${row.id} ${row.exchange_id} ${row.kind}`}
        />
    );
}
