import { type Act, auditCsv, getAudit } from "../../api/admin";
import type { Query } from "../../api/client";
import { chosenWindow } from "../../base/days";
import { fromDateInput, toDateInput } from "../../base/time";
import { t, textNamed } from "../../i18n";
import { useRested } from "../../state/debounce";
import { usePager, useWalk } from "../../state/pages";
import { useResource } from "../../state/resource";
import { place, setQuery } from "../../state/router";
import { CsvLink } from "../../ui/csvlink";
import { Card, Page } from "../../ui/card";
import { Empty } from "../../ui/empty";
import { SelectField, TextField } from "../../ui/field";
import { Exact, Time } from "../../ui/figure";
import { Failure } from "../../ui/notice";
import { type Column, Pager, Table } from "../../ui/table";
import { ACTIONS } from "./auditactions";

const ROWS = 50;
/** The filter of the address, as the API takes it: a last day belongs to the time. */
function readQuery(query: URLSearchParams): Query {
    const last = fromDateInput(query.get("last") ?? "");
    const end = last && chosenWindow(last, last).to;
    return {
        actor: query.get("actor")?.trim(),
        action: query.get("action"),
        user_id: query.get("on")?.trim(),
        from: fromDateInput(query.get("first") ?? "") && query.get("first"),
        to: end && toDateInput(end),
    };
}

export function Audit() {
    const query = readQuery(place.value.query);
    const rested = useRested(JSON.stringify(query));
    return (
        <Page
            title={t("nav.audit")}
            lead={t("audit.lead")}
            actions={<CsvLink href={auditCsv(query)} text={t("audit.csv")} />}
        >
            <AuditFilter />
            <Card flush>
                <AuditList query={JSON.parse(rested) as Query} />
            </Card>
        </Page>
    );
}

function AuditFilter() {
    const value = (name: string) => place.value.query.get(name) ?? "";
    const actions = ACTIONS.map((action) => ({
        value: action,
        text: textNamed(`act.${action}`) ?? action,
    }));
    return (
        <form
            class="grid grid-cols-2 gap-3 lg:grid-cols-5"
            aria-label={t("audit.filters")}
            onSubmit={(event) => event.preventDefault()}
        >
            <SelectField
                class="max-lg:col-span-2"
                label={t("audit.action")}
                value={value("action")}
                choices={[{ value: "", text: t("audit.all") }, ...actions]}
                onValue={(action) => setQuery({ action })}
            />
            <TextField
                class="max-sm:col-span-2"
                label={t("audit.who")}
                value={value("actor")}
                onValue={(actor) => setQuery({ actor })}
            />
            <TextField
                class="max-sm:col-span-2"
                label={t("audit.whom")}
                value={value("on")}
                onValue={(on) => setQuery({ on })}
            />
            <TextField
                label={t("audit.first")}
                type="date"
                value={value("first")}
                onValue={(first) => setQuery({ first })}
            />
            <TextField
                label={t("audit.last")}
                type="date"
                value={value("last")}
                onValue={(last) => setQuery({ last })}
            />
        </form>
    );
}

/** What operators have done: all that the query asks for, such as what concerns one customer. */
export function AuditList({ query }: { query: Query }) {
    const key = `audit ${JSON.stringify(query)}`;
    const isFiltered = Object.values(query).some(Boolean);
    const walk = useWalk(key);
    const page = useResource(
        `${key} ${walk.cursor}`,
        (signal) => getAudit({ ...query, cursor: walk.cursor, limit: ROWS }, signal),
        { keep: true },
    );
    const pager = usePager(walk, page);
    if (page.data?.data.length === 0 && walk.number === 1) {
        return (
            <Empty icon="audit" title={isFiltered ? t("audit.nothing") : t("audit.empty")}>
                {isFiltered ? t("audit.nothingText") : t("audit.emptyText")}
            </Empty>
        );
    }
    return (
        <>
            <Failure error={page.error} retry={page.reload} />
            <Table
                caption={t("nav.audit")}
                columns={auditColumns()}
                rows={page.data?.data}
                isStale={page.isOld}
                rowKey={(act) => String(act.id)}
                bones={8}
            />
            <Pager {...pager} />
        </>
    );
}

function auditColumns(): Column<Act>[] {
    return [
        {
            id: "time",
            head: t("transfer.time"),
            isTitle: true,
            cell: (act) => <Time time={act.at} />,
        },
        {
            id: "action",
            head: t("audit.action"),
            cell: ({ action }) => (
                <span title={action}>{textNamed(`act.${action}`) ?? action}</span>
            ),
        },
        { id: "actor", head: t("audit.actor"), cell: (act) => <Actor {...act} /> },
        { id: "target", head: t("audit.target"), cell: (act) => <Target {...act} /> },
        { id: "detail", head: t("request.details"), cell: (act) => <Detail {...act} /> },
    ];
}

function Actor({ actor, address }: Act) {
    return (
        <span class="md:whitespace-nowrap">
            {actor.kind === "cli" ? t("audit.cli") : (actor.email ?? actor.id)}
            {address && <span class="block text-sm text-soft">{address}</span>}
        </span>
    );
}

function Target({ target }: Act) {
    return (
        <span class="md:whitespace-nowrap">
            {target.user_id ? (
                <a
                    class="text-accent underline-offset-2 hover:underline"
                    href={`/dashboard/admin/customers/${encodeURIComponent(target.user_id)}`}
                >
                    {target.email ?? target.user_id}
                </a>
            ) : (
                "–"
            )}
            {target.id && (
                <span class="block font-mono text-sm break-all text-soft">{target.id}</span>
            )}
        </span>
    );
}

function Detail({ detail }: Act) {
    const entries = Object.entries(detail).filter(
        ([name, value]) => value !== null && !name.startsWith("former_"),
    );
    if (entries.length === 0) {
        return <>–</>;
    }
    return (
        <ul class="text-sm">
            {entries.map(([name, value]) => (
                <li key={name}>
                    <span class="text-soft">{textNamed(`audit.detail.${name}`) ?? name}:</span>{" "}
                    <Changed name={name} value={String(value)} former={detail[`former_${name}`]} />
                </li>
            ))}
        </ul>
    );
}

interface ChangedProps {
    name: string;
    value: string;
    former: string | boolean | null | undefined; // where it is told
}

/** "a → b", or just b. */
function Changed({ name, value, former }: ChangedProps) {
    if (former === undefined || former === null) {
        return <Told name={name} value={value} />;
    }
    return (
        <>
            <Told name={name} value={String(former) || "–"} /> {"→"}{" "}
            <Told name={name} value={value || "–"} />
        </>
    );
}

function Told({ name, value }: { name: string; value: string }) {
    switch (name) {
        case "amount":
        case "taken":
        case "credit":
            return <Exact amount={value} />;
        case "kind":
            return <>{textNamed(`transfer.${value}`) ?? value}</>;
        case "unit":
        case "period":
            return <>{textNamed(`quotas.${name}.${value}`) ?? value}</>;
        case "role":
            return <>{textNamed(`roles.${value}`) ?? value}</>;
        case "disabled":
            return <>{textNamed(`audit.${value}`) ?? value}</>;
        case "works_until":
            return <Time time={value} />;
        case "exchange_id":
            return (
                <a
                    class="font-mono text-accent underline-offset-2 hover:underline"
                    href={`/dashboard/admin/requests/${encodeURIComponent(value)}`}
                >
                    {value}
                </a>
            );
        default:
            return <>{value}</>;
    }
}
