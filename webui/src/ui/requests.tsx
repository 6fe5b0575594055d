// A list of requests: what was asked, what came of it, what it cost.
import { sentenceOf } from "../api/error";
import type { UsageRecord } from "../api/types";
import { count } from "../base/number";
import { dateTime, duration } from "../base/time";
import { locale, t } from "../i18n";
import { Badge, type Tone } from "./badge";
import { Exact, Time } from "./figure";
import type { Column } from "./table";

type Judged = Pick<UsageRecord, "status" | "error_code">;

function toneOf({ status, error_code }: Judged): Tone {
    if (!error_code && status < 400) {
        return "good";
    }
    return status >= 500 ? "bad" : "warn";
}

export function Status({ record }: { record: Judged }) {
    const text = record.error_code ? sentenceOf(record.error_code, "") : "";
    return (
        <span title={text || undefined}>
            <Badge tone={toneOf(record)}>{record.status}</Badge>
        </span>
    );
}

/** What the link to a request is called by: what is seen of it. */
export function requestName({ created_at }: Pick<UsageRecord, "created_at">): string {
    return dateTime(created_at, locale());
}

/** `base` is the address above a request's own page. */
export function requestColumns(base: string): Column<UsageRecord>[] {
    return [
        {
            id: "newest",
            head: t("request.time"),
            width: "md:w-[20%]",
            isTitle: true,
            cell: (record, name) => (
                <a
                    aria-label={name}
                    class="whitespace-nowrap text-accent underline-offset-2 hover:underline"
                    href={`${base}/${encodeURIComponent(record.id)}`}
                >
                    <Time time={record.created_at} />
                </a>
            ),
        },
        {
            id: "model",
            head: t("request.model"),
            width: "md:w-[16%]",
            cell: (record) => record.model,
        },
        {
            id: "key",
            head: t("request.key"),
            width: "md:w-[15%]",
            cell: (record) => record.key_name ?? "–",
        },
        {
            id: "status",
            head: t("request.status"),
            width: "md:w-[9%]",
            cell: (record) => <Status record={record} />,
        },
        {
            id: "tokens",
            head: t("request.tokens"),
            width: "md:w-[16%]",
            isNumber: true,
            cell: (record) => <TokenCounts record={record} />,
        },
        {
            id: "duration",
            head: t("request.duration"),
            width: "md:w-[10%]",
            isNumber: true,
            cell: (record) => duration(record.total_ms),
        },
        {
            id: "cost",
            head: t("request.cost"),
            width: "md:w-[14%]",
            isNumber: true,
            cell: (record) => <Exact amount={record.cost} />,
        },
    ];
}

function TokenCounts({ record }: { record: UsageRecord }) {
    const input = count(record.input_tokens + record.cached_input_tokens, locale());
    const output = count(record.output_tokens, locale());
    return (
        <span class="md:whitespace-nowrap">
            <span class="whitespace-nowrap">
                {input} <span class="text-soft">{t("request.in")}</span>
            </span>{" "}
            <span class="whitespace-nowrap">
                {output} <span class="text-soft">{t("request.out")}</span>
            </span>
        </span>
    );
}
