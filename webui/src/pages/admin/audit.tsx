import { type Act, getAudit } from "../../api/admin";
import { t, textNamed } from "../../i18n";
import { usePager, useWalk } from "../../state/pages";
import { useResource } from "../../state/resource";
import { Card, Page } from "../../ui/card";
import { Empty } from "../../ui/empty";
import { Exact, Time } from "../../ui/figure";
import { Failure } from "../../ui/notice";
import { type Column, Pager, Table } from "../../ui/table";

const ROWS = 50;

export function Audit() {
    return (
        <Page title={t("nav.audit")} lead={t("audit.lead")}>
            <Card flush>
                <AuditList userId={null} />
            </Card>
        </Page>
    );
}

/** What operators have done: all of it, or what concerns one customer. */
export function AuditList({ userId }: { userId: string | null }) {
    const key = `audit ${userId}`;
    const walk = useWalk(key);
    const page = useResource(
        `${key} ${walk.cursor}`,
        (signal) => getAudit({ user_id: userId, cursor: walk.cursor, limit: ROWS }, signal),
        { keep: true },
    );
    const pager = usePager(walk, page);
    if (page.data?.data.length === 0 && walk.number === 1) {
        return (
            <Empty icon="audit" title={t("audit.empty")}>
                {t("audit.emptyText")}
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
    const entries = Object.entries(detail).filter(([, value]) => value !== null);
    if (entries.length === 0) {
        return <>–</>;
    }
    return (
        <ul class="text-sm">
            {entries.map(([name, value]) => (
                <li key={name}>
                    <span class="text-soft">{textNamed(`audit.detail.${name}`) ?? name}:</span>{" "}
                    <Told name={name} value={String(value)} />
                </li>
            ))}
        </ul>
    );
}

function Told({ name, value }: { name: string; value: string }) {
    switch (name) {
        case "amount":
        case "taken":
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
