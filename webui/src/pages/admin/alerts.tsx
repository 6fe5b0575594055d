import { type Alert, getAlerts, type Message, sendTestMessage } from "../../api/admin";
import { count } from "../../base/number";
import { locale, t, textNamed } from "../../i18n";
import { useAction } from "../../state/action";
import { announce } from "../../state/announce";
import { useEvery } from "../../state/every";
import { useResource } from "../../state/resource";
import { INCIDENTS } from "../../state/router";
import { may } from "../../state/session";
import { hasDocs } from "../../state/site";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card, Page } from "../../ui/card";
import { Empty } from "../../ui/empty";
import { Ago, Time } from "../../ui/figure";
import { Failure } from "../../ui/notice";
import { type Column, Table } from "../../ui/table";

const EVERY_MS = 5000;

export function Alerts() {
    const alerts = useResource("alerts", getAlerts);
    useEvery(EVERY_MS, alerts.reload);
    const test = useAction(async () => {
        await sendTestMessage();
        announce(t("alerts.sent"));
        alerts.reload();
    });
    const data = alerts.data;
    const isTold = data ? data.receivers.webhook || data.receivers.mail.length > 0 : false;
    return (
        <Page
            title={t("nav.alerts")}
            lead={t("alerts.lead")}
            actions={
                may("service.manage") && (
                    <Button icon="send" busy={test.isBusy} disabled={!isTold} onClick={test.run}>
                        {t("alerts.test")}
                    </Button>
                )
            }
        >
            <Failure error={alerts.error ?? test.error} />
            <Card title={t("alerts.open")} flush>
                {data?.open.length === 0 ? (
                    <Empty icon="check" title={t("alerts.none")}>
                        {t("alerts.noneText")}
                    </Empty>
                ) : (
                    <List caption={t("alerts.open")} rows={data?.open} advises />
                )}
            </Card>
            {data !== undefined && data.undelivered.length > 0 && (
                <Card title={t("alerts.undelivered")} flush>
                    <Table
                        caption={t("alerts.undelivered")}
                        columns={messageColumns()}
                        rows={data.undelivered}
                        rowKey={({ id }) => id}
                    />
                </Card>
            )}
            {data !== undefined && data.closed.length > 0 && (
                <Card title={t("alerts.closed")} flush>
                    <List caption={t("alerts.closed")} rows={data.closed} />
                </Card>
            )}
            {data !== undefined && (
                <p class="text-soft">
                    <Receivers {...data.receivers} />
                </p>
            )}
        </Page>
    );
}

function Receivers({ webhook, mail }: { webhook: boolean; mail: readonly string[] }) {
    const names = [...(webhook ? [t("alerts.webhook")] : []), ...mail];
    return (
        <>{names.length > 0 ? t("alerts.to", { names: names.join(", ") }) : t("alerts.nobody")}</>
    );
}

interface ListProps {
    caption: string;
    rows: readonly Alert[] | undefined;
    advises?: boolean;
}

function List({ caption, rows, advises = false }: ListProps) {
    return (
        <Table
            caption={caption}
            columns={alertColumns(advises)}
            rows={rows}
            rowKey={({ id }) => id}
            bones={3}
        />
    );
}

function alertColumns(advises: boolean): Column<Alert>[] {
    return [
        {
            id: "what",
            head: t("alerts.what"),
            isTitle: true,
            cell: ({ kind, title, subject, severity }) => (
                <>
                    <span class="block font-medium">{textNamed(`alert.${kind}`) ?? title}</span>
                    <span class="block break-all">{subject}</span>
                    {severity === "critical" && (
                        <Badge tone={advises ? "bad" : "plain"}>{t("alerts.critical")}</Badge>
                    )}
                </>
            ),
        },
        {
            id: "detail",
            head: t("request.details"),
            cell: ({ kind, detail, advice }) => (
                <>
                    <span class="block text-sm break-words">{detail || "–"}</span>
                    {advises && (
                        <span class="mt-1 block">{textNamed(`advice.${kind}`) ?? advice}</span>
                    )}
                    {advises && hasDocs() && (
                        <a
                            class="mt-1 inline-block font-medium text-accent underline underline-offset-2"
                            href={`${INCIDENTS}#${kind}`}
                        >
                            {t("alerts.more")}
                        </a>
                    )}
                </>
            ),
        },
        { id: "opened", head: t("alerts.since"), cell: (alert) => <Time time={alert.opened_at} /> },
        {
            id: "end",
            head: t(advises ? "alerts.last" : "alerts.until"),
            cell: ({ closed_at, last_at }) =>
                advises ? <Ago time={last_at} /> : closed_at && <Time time={closed_at} />,
        },
        {
            id: "count",
            head: t("alerts.count"),
            isNumber: true,
            cell: (alert) => count(alert.count, locale()),
        },
    ];
}

function messageColumns(): Column<Message>[] {
    return [
        {
            id: "time",
            head: t("transfer.time"),
            isTitle: true,
            cell: ({ created_at }) => <Time time={created_at} />,
        },
        {
            id: "to",
            head: t("alerts.receiver"),
            cell: ({ kind, destination }) => (
                <span class="break-all">
                    {kind === "webhook" && destination === "operator"
                        ? t("alerts.webhook")
                        : destination}
                </span>
            ),
        },
        {
            id: "error",
            head: t("alerts.error"),
            cell: ({ error }) => <span class="text-sm break-words">{error ?? "–"}</span>,
        },
        {
            id: "state",
            head: t("alerts.next"),
            cell: ({ next_try_at }) =>
                next_try_at ? (
                    <Ago time={next_try_at} />
                ) : (
                    <Badge tone="bad">{t("alerts.givenUp")}</Badge>
                ),
        },
        {
            id: "tries",
            head: t("alerts.tries"),
            isNumber: true,
            cell: ({ tries }) => count(tries, locale()),
        },
    ];
}
