// The account: its password, where it is signed in, what it is told.
import { useState } from "preact/hooks";
import {
    changePassword,
    endOtherSessions,
    endSession,
    getSessions,
    type SignedIn,
    type User,
} from "../api/account";
import { readAgent } from "../base/agent";
import { exactTime } from "../base/time";
import { locale, t } from "../i18n";
import { errorOf, errorOfNone, useAction } from "../state/action";
import { announce } from "../state/announce";
import { useResource } from "../state/resource";
import { leaveEverywhere, session } from "../state/session";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { Card, Page } from "../ui/card";
import { TextField, Username } from "../ui/field";
import { Ago } from "../ui/figure";
import { Form } from "../ui/form";
import { Failure } from "../ui/notice";
import { PasswordRules } from "../ui/passwordrules";
import { type Column, Table } from "../ui/table";
import { MyDataCard } from "./mydata";
import { NoticeCards } from "./notices";
import { SecondFactorCard } from "./secondfactor";

export function AccountPage() {
    const sessions = useResource("sessions", getSessions);
    if (session.value.state !== "user") {
        return null;
    }
    const { user } = session.value;
    return (
        <Page title={t("account.title")} lead={user.email}>
            <ChangePassword user={user} onDone={sessions.reload} />
            <SecondFactorCard user={user} onDone={sessions.reload} />
            <MyDataCard user={user} />
            <Sessions sessions={sessions} />
            <NoticeCards email={user.email} />
        </Page>
    );
}

function ChangePassword({ user, onDone }: { user: User; onDone: () => void }) {
    const [typed, setTyped] = useState({ current: "", next: "" });
    const { run, isBusy, error } = useAction(async () => {
        await changePassword({ current_password: typed.current, new_password: typed.next });
        setTyped({ current: "", next: "" });
        announce(t("account.passwordChanged"));
        onDone();
    });
    return (
        <Card title={t("account.password")}>
            <Form class="max-w-md" onSend={run}>
                <Username value={user.email} />
                <TextField
                    label={t("account.current")}
                    type="password"
                    autocomplete="current-password"
                    required
                    value={typed.current}
                    onValue={(current) => setTyped((before) => ({ ...before, current }))}
                    error={errorOf(error, "current_password")}
                />
                <TextField
                    label={t("account.next")}
                    type="password"
                    autocomplete="new-password"
                    required
                    value={typed.next}
                    onValue={(next) => setTyped((before) => ({ ...before, next }))}
                    error={errorOf(error, "new_password")}
                    hint={<PasswordRules password={typed.next} email={user.email} />}
                />
                <p class="text-sm text-soft">{t("account.passwordNote")}</p>
                <Failure error={errorOfNone(error, "current_password", "new_password")} />
                <div>
                    <Button type="submit" kind="primary" busy={isBusy}>
                        {t("account.changePassword")}
                    </Button>
                </div>
            </Form>
        </Card>
    );
}

interface SessionsProps {
    sessions: { data: SignedIn[] | undefined; error: unknown; reload: () => void };
}

function Sessions({ sessions }: SessionsProps) {
    const end = useAction(
        async (one: SignedIn) => {
            await endSession(one.id);
            announce(t("account.ended"));
            sessions.reload();
        },
        (one) => one.id,
    );
    const endOthers = useAction(async () => {
        await endOtherSessions();
        announce(t("account.endedOthers"));
        sessions.reload();
    });
    const everywhere = useAction(leaveEverywhere);
    return (
        <Card
            flush
            title={t("account.sessions")}
            actions={
                <>
                    <Button
                        size="small"
                        busy={endOthers.isBusy}
                        disabled={sessions.data?.length === 1}
                        onClick={() => endOthers.run()}
                    >
                        {t("account.endOthers")}
                    </Button>
                    <Button size="small" busy={everywhere.isBusy} onClick={() => everywhere.run()}>
                        {t("account.everywhere")}
                    </Button>
                </>
            }
        >
            <Failure error={sessions.error} retry={sessions.reload} />
            <Failure error={end.error ?? endOthers.error ?? everywhere.error} />
            <Table
                caption={t("account.sessions")}
                columns={sessionColumns(end.run)}
                rows={sessions.data}
                rowKey={(one) => one.id}
                rowName={nameOf}
                rowMark={(one) => `${one.address ?? "–"}, ${exactTime(one.created_at, locale())}`}
                bones={2}
            />
        </Card>
    );
}

/** The browser in words; what it calls itself where we know no better. */
function nameOf({ agent }: SignedIn): string {
    const { browser, system } = readAgent(agent ?? "");
    if (browser && system) {
        return t("account.agent", { browser, system });
    }
    return browser ?? (agent || t("account.unknown"));
}

function sessionColumns(onEnd: (one: SignedIn) => void): Column<SignedIn>[] {
    return [
        {
            id: "agent",
            head: t("account.browser"),
            isTitle: true,
            cell: (one) => (
                <span class="break-words" title={one.agent ?? ""}>
                    {nameOf(one)}
                </span>
            ),
        },
        { id: "address", head: t("account.address"), cell: (one) => one.address ?? "–" },
        { id: "since", head: t("account.since"), cell: (one) => <Ago time={one.created_at} /> },
        { id: "seen", head: t("account.seen"), cell: (one) => <Ago time={one.seen_at} /> },
        {
            id: "actions",
            head: t("keys.actions"),
            hideHead: true,
            isNumber: true,
            cell: (one, agent) =>
                one.current ? (
                    <Badge tone="good">{t("account.here")}</Badge>
                ) : (
                    <Button
                        size="small"
                        aria-label={t("account.endNamed", { agent })}
                        onClick={() => onEnd(one)}
                    >
                        {t("account.end")}
                    </Button>
                ),
        },
    ];
}
