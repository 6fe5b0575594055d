// The answer of a replay: sums, then by model, customer and day, below zero first.
import type {
    ReplayAnswer,
    ReplayNote,
    ReplayRefused,
    ReplayRow,
    ReplaySums,
} from "../../api/replay";
import { exact, glance, usd } from "../../base/money";
import { count } from "../../base/number";
import { date } from "../../base/time";
import { locale, t } from "../../i18n";
import { useChoice } from "../../state/choice";
import { Badge } from "../../ui/badge";
import { Empty } from "../../ui/empty";
import { Notice } from "../../ui/notice";
import { Stat } from "../../ui/stat";
import { type Column, Table } from "../../ui/table";
import { Tabs } from "../../ui/tabs";

const VIEWS = ["models", "customers", "days"] as const;
type View = (typeof VIEWS)[number];

/** Rounded, to the last digit in the tooltip; a change says in which direction. */
function Amount({ amount, isChange = false }: { amount: string; isChange?: boolean }) {
    const value = usd(amount);
    const sign = isChange && value > 0n ? "+" : "";
    return (
        <data
            value={amount}
            title={exact(value)}
            class={`figures whitespace-nowrap ${value < 0n ? "text-bad" : ""}`}
        >
            {sign + glance(value)}
        </data>
    );
}

export function ReplayResult({ answer, inForce }: { answer: ReplayAnswer; inForce: string }) {
    const [view, setView] = useChoice("replayed", VIEWS);
    const tabs = VIEWS.map((id) => ({ id, name: t(`replay.by.${id}`) }));
    if (answer.totals.calls === 0 && answer.refused.length === 0) {
        return (
            <Empty icon="overview" title={t("replay.empty")}>
                {t("replay.emptyText")}
            </Empty>
        );
    }
    return (
        <div class="flex flex-col gap-4">
            <p class="text-soft">
                {answer.revision === inForce
                    ? t("replay.same")
                    : t("replay.other", { revision: answer.revision.slice(0, 12) })}
            </p>
            {answer.warns && (
                <Notice tone="bad" isAlert>
                    {t("replay.warns")}
                </Notice>
            )}
            <Totals sums={answer.totals} />
            {answer.refused.length > 0 && <Refused rows={answer.refused} />}
            <Tabs
                label={t("replay.title")}
                tabs={tabs}
                chosen={view}
                onChoose={(id) => setView(id as View)}
            >
                <Table
                    caption={t("replay.changes")}
                    columns={columnsOf(view)}
                    rows={answer[view]}
                    rowKey={(row) => row.model ?? row.user_id ?? row.day ?? ""}
                />
                {answer.left_out[view] > 0 && (
                    <p class="mt-2 text-sm text-soft">
                        {t("replay.leftOut", { n: count(answer.left_out[view], locale()) })}
                    </p>
                )}
            </Tabs>
            {answer.notes.length > 0 && <Notes notes={answer.notes} />}
        </div>
    );
}

function Totals({ sums }: { sums: ReplaySums }) {
    const stat = (what: "charge" | "cost" | "margin", label: string) => (
        <Stat
            label={label}
            value={<Amount amount={sums[`${what}_now`]} />}
            note={
                <>
                    {t("replay.then", { amount: glance(usd(sums[`${what}_then`])) })}{" "}
                    <Amount amount={sums[`${what}_change`]} isChange />
                </>
            }
        />
    );
    return (
        <div class="grid grid-cols-2 gap-3 sm:gap-4 lg:grid-cols-4">
            {stat("charge", t("replay.charge"))}
            {stat("cost", t("sales.cost"))}
            {stat("margin", t("replay.margin"))}
            <Stat label={t("replay.calls")} value={count(sums.calls, locale())} />
        </div>
    );
}

function Name({ row, view }: { row: ReplayRow; view: View }) {
    if (view === "days" && row.day) {
        return <>{date(`${row.day}T12:00:00`, locale())}</>; // no zone: noon of that day
    } else if (view === "customers" && row.user_id) {
        return (
            <>
                <a
                    class="text-accent underline-offset-2 hover:underline"
                    href={`/dashboard/admin/customers/${encodeURIComponent(row.user_id)}`}
                >
                    {row.email ?? row.user_id}
                </a>
                {row.group && <span class="block text-sm text-soft">{row.group}</span>}
            </>
        );
    }
    return <>{row.model ?? t("replay.others")}</>;
}

function Margin({ row }: { row: ReplayRow }) {
    return (
        <>
            <Amount amount={row.margin_now} />
            {row.below_zero && (
                <span class="ml-1.5">
                    <Badge tone={row.loss_allowed ? "warn" : "bad"}>
                        {row.loss_allowed ? t("replay.lossAllowed") : t("replay.belowZero")}
                    </Badge>
                </span>
            )}
        </>
    );
}

function columnsOf(view: View): Column<ReplayRow>[] {
    const money = (
        id: "charge_then" | "charge_now" | "charge_change" | "cost_change",
        head: string,
    ): Column<ReplayRow> => ({
        id,
        head,
        isNumber: true,
        cell: (row) => <Amount amount={row[id]} isChange={id.endsWith("_change")} />,
    });
    return [
        {
            id: "name",
            head: t(`replay.by.${view}`),
            isTitle: true,
            cell: (row) => <Name row={row} view={view} />,
        },
        {
            id: "calls",
            head: t("replay.calls"),
            isNumber: true,
            cell: (row) => count(row.calls, locale()),
        },
        money("charge_then", t("replay.chargeThen")),
        money("charge_now", t("replay.chargeNow")),
        money("charge_change", t("replay.chargeChange")),
        money("cost_change", t("replay.costChange")),
        {
            id: "margin",
            head: t("replay.marginNow"),
            isNumber: true,
            cell: (row) => <Margin row={row} />,
        },
    ];
}

/** They are in none of the sums. */
function Refused({ rows }: { rows: ReplayRefused[] }) {
    return (
        <Notice tone="warn" title={t("replay.refused")}>
            <ul class="mt-1 list-disc pl-5 text-sm">
                {rows.map(({ code, model, calls, message }) => (
                    <li key={`${code} ${model}`}>
                        <strong>{model}</strong>{" "}
                        {t("replay.callsOf", { n: count(calls, locale()) })}{" "}
                        <code class="whitespace-pre-wrap">{message}</code>
                    </li>
                ))}
            </ul>
        </Notice>
    );
}

function Notes({ notes }: { notes: ReplayNote[] }) {
    return (
        <ul class="list-disc pl-5 text-sm text-soft">
            {notes.map(({ kind, model, word, calls }) => (
                <li key={`${kind} ${model} ${word}`}>
                    {model}, {t("replay.callsOf", { n: count(calls, locale()) })}{" "}
                    {t(`replay.note.${kind}`, { word: word ?? "" })}
                </li>
            ))}
        </ul>
    );
}
