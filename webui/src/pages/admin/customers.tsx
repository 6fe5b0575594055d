import { useState } from "preact/hooks";
import { type Customer, getCustomers } from "../../api/admin";
import { wholePage } from "../../api/whole";
import { count } from "../../base/number";
import { locale, t } from "../../i18n";
import { useRested } from "../../state/debounce";
import { usePager, useWalk } from "../../state/pages";
import { useResource } from "../../state/resource";
import { place, setQuery } from "../../state/router";
import { may } from "../../state/session";
import { Badge } from "../../ui/badge";
import { Button, ButtonLink } from "../../ui/button";
import { Card, Page } from "../../ui/card";
import { Empty } from "../../ui/empty";
import { TextField } from "../../ui/field";
import { Ago, Glance } from "../../ui/figure";
import { Failure } from "../../ui/notice";
import { type Column, Pager, Table } from "../../ui/table";
import { InviteDialog, NewCustomerDialog } from "./inviteform";

const ROWS = 50;

/** A key is nothing for an address, which histories keep: it is for the search above. */
function setSearch(text: string) {
    setQuery({ search: text.includes("llm_sk_") ? null : text });
}

export function Customers() {
    const typed = place.value.query.get("search") ?? "";
    const search = useRested(typed.trim());
    const key = `customers ${search}`;
    const walk = useWalk(key);
    const page = useResource(
        `${key} ${walk.cursor}`,
        (signal) =>
            wholePage(
                ROWS,
                (cursor, limit) => getCustomers({ search, cursor, limit }, signal),
                walk.cursor,
            ),
        { keep: true },
    );
    const pager = usePager(walk, page);
    const [doing, setDoing] = useState<"invite" | "make" | null>(null);
    const onClose = () => setDoing(null);
    return (
        <Page
            title={t("nav.customers")}
            lead={t("customers.lead")}
            actions={
                <>
                    <ButtonLink href="/dashboard/admin/invitations">
                        {t("invitations.title")}
                    </ButtonLink>
                    {may("customers.manage") && (
                        <>
                            <Button onClick={() => setDoing("make")}>
                                {t("newCustomer.title")}
                            </Button>
                            <Button icon="plus" kind="primary" onClick={() => setDoing("invite")}>
                                {t("invitations.make")}
                            </Button>
                        </>
                    )}
                </>
            }
        >
            {doing === "invite" && <InviteDialog onClose={onClose} />}
            {doing === "make" && <NewCustomerDialog onClose={onClose} onMade={page.reload} />}
            <Failure error={page.error} retry={page.reload} />
            <Card flush>
                <div class="p-4">
                    <TextField
                        class="sm:max-w-sm"
                        label={t("customers.search")}
                        hideLabel
                        type="search"
                        placeholder={t("customers.search")}
                        value={typed}
                        onValue={setSearch}
                    />
                </div>
                {page.data?.data.length === 0 && walk.number === 1 ? (
                    <Empty icon="customers" title={t("customers.empty")}>
                        {search ? t("customers.emptySearch") : t("customers.emptyText")}
                    </Empty>
                ) : (
                    <Table
                        caption={t("nav.customers")}
                        columns={customerColumns()}
                        rows={page.data?.data}
                        isStale={page.isOld}
                        rowKey={(customer) => customer.id}
                        bones={8}
                    />
                )}
                <Pager {...pager} />
            </Card>
        </Page>
    );
}

function customerColumns(): Column<Customer>[] {
    return [
        {
            id: "customer",
            head: t("customers.customer"),
            isTitle: true,
            cell: (customer) => <Name {...customer} />,
        },
        { id: "state", head: t("keys.state"), cell: (customer) => <State {...customer} /> },
        {
            id: "balance",
            head: t("home.balance"),
            isNumber: true,
            cell: ({ balance }) => <Glance amount={balance} />,
        },
        {
            id: "credits",
            head: t("customers.credits"),
            isNumber: true,
            cell: (customer) => <Glance amount={customer.total_credits} />,
        },
        {
            id: "usage",
            head: t("customers.usage"),
            isNumber: true,
            cell: (customer) => <Glance amount={customer.total_usage} />,
        },
        {
            id: "requests",
            head: t("usage.requests"),
            isNumber: true,
            cell: ({ requests }) => count(requests, locale()),
        },
        {
            id: "used",
            head: t("keys.lastUsed"),
            cell: ({ last_used_at }) =>
                last_used_at ? <Ago time={last_used_at} /> : t("keys.never"),
        },
    ];
}

function Name({ id, name, email }: Customer) {
    return (
        <a
            class="font-medium text-accent underline-offset-2 hover:underline"
            href={`/dashboard/admin/customers/${encodeURIComponent(id)}`}
        >
            {email}
            {name && <span class="block text-sm font-normal text-soft">{name}</span>}
        </a>
    );
}

type StateProps = Pick<Customer, "role" | "group" | "disabled" | "erased_at">;

export function State({ role, group, disabled, erased_at }: StateProps) {
    return (
        <span class="inline-flex flex-wrap gap-1">
            {erased_at ? (
                <Badge tone="bad">{t("data.isErased")}</Badge>
            ) : disabled ? (
                <Badge tone="bad">{t("keys.stateDisabled")}</Badge>
            ) : (
                <Badge tone="good">{t("keys.stateActive")}</Badge>
            )}
            {role !== "user" && <Badge tone="accent">{t(`roles.${role}`)}</Badge>}
            {group && <Badge>{group}</Badge>}
        </span>
    );
}
