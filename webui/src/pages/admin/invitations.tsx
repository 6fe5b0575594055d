import { useState } from "preact/hooks";
import { getInvitations, type Invitation, revokeInvitation } from "../../api/invitations";
import { actionOn } from "../../base/names";
import { count } from "../../base/number";
import { locale, t } from "../../i18n";
import { useAction } from "../../state/action";
import { announce } from "../../state/announce";
import { usePager, useWalk } from "../../state/pages";
import { useResource } from "../../state/resource";
import { may } from "../../state/session";
import { BackLink } from "../../ui/backlink";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card, Page } from "../../ui/card";
import { Confirm } from "../../ui/dialog";
import { Empty } from "../../ui/empty";
import { Exact, Time } from "../../ui/figure";
import { Failure } from "../../ui/notice";
import { type Column, Pager, Table } from "../../ui/table";
import { InviteDialog } from "./inviteform";

const ROWS = 50;

export function Invitations() {
    const walk = useWalk("invitations");
    const page = useResource(
        `invitations ${walk.cursor}`,
        (signal) => getInvitations({ cursor: walk.cursor, limit: ROWS }, signal),
        { keep: true },
    );
    const pager = usePager(walk, page);
    const [isMaking, setMaking] = useState(false);
    const [revoked, setRevoked] = useState<Invitation | null>(null);
    return (
        <Page
            title={t("invitations.title")}
            lead={t("invitations.lead")}
            actions={
                may("customers.manage") && (
                    <Button icon="plus" kind="primary" onClick={() => setMaking(true)}>
                        {t("invitations.make")}
                    </Button>
                )
            }
        >
            <BackLink href="/dashboard/admin/customers">{t("nav.customers")}</BackLink>
            <Failure error={page.error} retry={page.reload} />
            <Card flush>
                {page.data?.data.length === 0 && walk.number === 1 ? (
                    <Empty icon="customers" title={t("invitations.none")}>
                        {t("invitations.noneText")}
                    </Empty>
                ) : (
                    <Table
                        caption={t("invitations.title")}
                        columns={columns(setRevoked)}
                        rows={page.data?.data}
                        rowKey={({ id }) => id}
                        rowName={nameOf}
                        isStale={page.isOld}
                    />
                )}
                <Pager {...pager} />
            </Card>
            {isMaking && <InviteDialog onClose={() => setMaking(false)} onMade={page.reload} />}
            {revoked && (
                <RevokeDialog
                    invitation={revoked}
                    onClose={() => setRevoked(null)}
                    onDone={() => {
                        setRevoked(null);
                        page.reload();
                    }}
                />
            )}
        </Page>
    );
}

interface RevokeProps {
    invitation: Invitation;
    onClose: () => void;
    onDone: () => void;
}

const nameOf = ({ email, id }: Invitation) => email ?? id;

function RevokeDialog({ invitation, onClose, onDone }: RevokeProps) {
    const name = nameOf(invitation);
    const { run, isBusy, error } = useAction(async () => {
        await revokeInvitation(invitation.id);
        announce(t("invitations.revoked", { name }));
        onDone();
    });
    return (
        <Confirm
            title={t("invitations.revokeTitle", { name })}
            action={t("invitations.revoke")}
            isBusy={isBusy}
            error={error}
            onConfirm={() => run()}
            onClose={onClose}
        >
            <p>{t("invitations.revokeText")}</p>
        </Confirm>
    );
}

const isOver = (it: Invitation) => new Date(it.expires_at).getTime() <= Date.now();

function State({ it }: { it: Invitation }) {
    if (it.revoked_at) {
        return <Badge tone="bad">{t("invitations.stateRevoked")}</Badge>;
    } else if (it.uses === it.uses_max) {
        return <Badge tone="plain">{t("vouchers.stateUsed")}</Badge>;
    } else if (isOver(it)) {
        return <Badge tone="plain">{t("keys.stateExpired")}</Badge>;
    }
    return <Badge tone="good">{t("vouchers.stateOpen")}</Badge>;
}

function columns(onRevoke: (invitation: Invitation) => void): Column<Invitation>[] {
    return [
        {
            id: "for",
            head: t("invitations.for"),
            isTitle: true,
            cell: (it) => (
                <>
                    <span class="block font-medium break-words">
                        {it.email ?? t("invitations.anybody")}
                    </span>
                    <span class="text-sm break-all text-soft">{it.id}</span>
                </>
            ),
        },
        {
            id: "uses",
            head: t("invitations.uses"),
            isNumber: true,
            cell: (it) => `${count(it.uses, locale())} / ${count(it.uses_max, locale())}`,
        },
        {
            id: "credit",
            head: t("invitations.credit"),
            isNumber: true,
            cell: ({ credit }) => (credit ? <Exact amount={credit} /> : "–"),
        },
        { id: "group", head: t("customers.group"), cell: ({ group }) => group ?? "–" },
        { id: "created", head: t("vouchers.created"), cell: (it) => <Time time={it.created_at} /> },
        { id: "expires", head: t("vouchers.until"), cell: (it) => <Time time={it.expires_at} /> },
        { id: "state", head: t("vouchers.state"), cell: (it) => <State it={it} /> },
        {
            id: "acts",
            head: t("keys.actions"),
            hideHead: true,
            cell: (it, name) =>
                may("customers.manage") &&
                !it.revoked_at &&
                it.uses < it.uses_max &&
                !isOver(it) && (
                    <Button
                        aria-label={actionOn(t("invitations.revoke"), name)}
                        onClick={() => onRevoke(it)}
                    >
                        {t("invitations.revoke")}
                    </Button>
                ),
        },
    ];
}
