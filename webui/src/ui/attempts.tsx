// The tries of a customer's call at providers, where one of them failed.
import type { CallAttempt } from "../api/types";
import { duration, exactTime } from "../base/time";
import { locale, t } from "../i18n";
import { Badge } from "./badge";
import { Card } from "./card";
import { type Column, Table } from "./table";

export function Attempts({ attempts }: { attempts: CallAttempt[] }) {
    if (attempts.length === 0) {
        return null;
    }
    return (
        <Card title={t("request.attempts")} note={t("request.attemptsNote")}>
            <div class="-mx-5">
                <Table
                    caption={t("request.attempts")}
                    columns={columns(attempts.some(({ provider }) => provider))}
                    rows={attempts}
                    rowKey={({ number, created_at }) => `${number} ${created_at}`}
                />
            </div>
        </Card>
    );
}

function Result({ attempt }: { attempt: CallAttempt }) {
    if (attempt.class === "answered") {
        return <Badge tone="good">{t("request.attempt.answered")}</Badge>;
    }
    return <Badge tone="warn">{t("request.attempt.failed")}</Badge>;
}

function columns(showsProvider: boolean): Column<CallAttempt>[] {
    return [
        {
            id: "number",
            head: t("request.attempt"),
            isTitle: true,
            cell: ({ number, provider }) =>
                showsProvider ? `${number}. ${provider ?? ""}` : String(number),
        },
        {
            id: "result",
            head: t("ours.outcome"),
            cell: (attempt) => <Result attempt={attempt} />,
        },
        {
            id: "begun",
            head: t("request.begun"),
            cell: ({ created_at }) => exactTime(created_at, locale()),
        },
        {
            id: "duration",
            head: t("request.duration"),
            isNumber: true,
            cell: ({ duration_ms }) => duration(duration_ms),
        },
    ];
}
