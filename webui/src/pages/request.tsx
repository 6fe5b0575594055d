// One request: every number of its charge, its timing, who answered, and what went wrong.
import type { Address } from "../app";
import { getRequest } from "../api/resources";
import { CONDITIONS, type RefusedRequest, type RequestDetail } from "../api/types";
import { exactTime } from "../base/time";
import { type PlainKey, locale, t, textNamed } from "../i18n";
import { useResource } from "../state/resource";
import { Attempts } from "../ui/attempts";
import { BackLink } from "../ui/backlink";
import { Card, Page } from "../ui/card";
import { Charge } from "../ui/charge";
import { CopyButton } from "../ui/copy";
import { type Fact, Facts } from "../ui/facts";
import { Count, Exact } from "../ui/figure";
import { Failure, Notice } from "../ui/notice";
import { whyRefused } from "../ui/refused";
import { Status } from "../ui/requests";
import { Timing } from "../ui/timing";

const SOURCES: Record<RequestDetail["usage_source"], PlainKey> = {
    none: "request.source.none",
    reported: "request.source.reported",
    corrected: "request.source.corrected",
    measured: "request.source.measured",
    estimated: "request.source.estimated",
    partial: "request.source.partial",
};

export function RequestPage({ address }: { address: Address }) {
    const id = address["id"] ?? "";
    const request = useResource(`request ${id}`, (signal) => getRequest(id, signal));
    return (
        <Page
            title={t("request.title")}
            lead={<span class="font-mono text-sm break-all">{id}</span>}
            actions={<CopyButton text={id} label={t("request.copyId")} />}
        >
            <BackLink href="/dashboard/usage">{t("request.back")}</BackLink>
            <Failure error={request.error} />
            {!request.error && <RequestCards request={request.data} />}
            {request.data && !("refused" in request.data) && (
                <Attempts attempts={request.data.attempt_list} />
            )}
        </Page>
    );
}

/** A code that is none of the gateway's own came from the provider, with its refusal. */
function whyOf(code: string): string {
    return textNamed(`error.${code}`) ?? t("error.provider_refused");
}

/** In the size of what comes: but for an error above it, which has no place until it is there. */
function RequestBones() {
    return (
        <div class="grid gap-5 lg:grid-cols-5" aria-busy="true">
            <div class="panel skeleton h-96 lg:col-span-3" />
            <div class="panel skeleton h-96 lg:col-span-2" />
        </div>
    );
}

/** Nothing was asked of a provider, so there is no charge and no timing. */
function RefusedCards({ request }: { request: RefusedRequest }) {
    const facts: Fact[] = [
        { name: t("request.status"), value: <Status record={request} /> },
        { name: t("request.model"), value: request.model || "–" },
        { name: t("request.key"), value: request.key_name ?? "–" },
        { name: t("request.begun"), value: exactTime(request.created_at, locale()) },
        { name: t("refused.path"), value: <code class="break-all">{request.path}</code> },
    ];
    return (
        <>
            <Notice tone="warn">
                {whyRefused(request.error_code)}
                <span class="ml-2 font-mono text-sm">{request.error_code}</span>
            </Notice>
            <Card title={t("refused.title")} note={t("refused.note")}>
                <Facts facts={facts} />
            </Card>
        </>
    );
}

interface RequestCardsProps {
    request: RequestDetail | RefusedRequest | undefined;
}

export function RequestCards({ request }: RequestCardsProps) {
    if (!request) {
        return <RequestBones />;
    } else if ("refused" in request) {
        return <RefusedCards request={request} />;
    }
    return (
        <>
            {request.error_code && (
                <Notice tone={request.status >= 500 ? "bad" : "warn"}>
                    {whyOf(request.error_code)}
                    <span class="ml-2 font-mono text-sm">{request.error_code}</span>
                </Notice>
            )}
            <div class="grid items-start gap-5 lg:grid-cols-5">
                <Card title={t("charge.title")} note={t("charge.note")} class="lg:col-span-3">
                    <Charge charge={request.charge} />
                    <div class="mt-4">
                        <Facts facts={moneyFacts(request)} />
                    </div>
                </Card>
                <div class="flex flex-col gap-5 lg:col-span-2">
                    <Card title={t("request.timing")}>
                        <Timing record={request} />
                    </Card>
                    <Card title={t("request.details")}>
                        <Facts facts={factsOf(request)} />
                    </Card>
                </div>
            </div>
        </>
    );
}

function moneyFacts(request: RequestDetail): Fact[] {
    return [
        { name: t("charge.hold"), value: <Exact amount={request.hold} /> },
        { name: t("charge.refunded"), value: <Exact amount={request.refunded} /> },
    ];
}

/** What decided the prices, as the API says it: "service_tier: priority". */
function conditionsOf({ conditions }: RequestDetail): Fact[] {
    const said = CONDITIONS.filter((name) => conditions[name]);
    const text = said.map((name) => `${name}: ${conditions[name]}`).join(", ");
    return text ? [{ name: t("request.conditions"), value: text }] : [];
}

function factsOf(request: RequestDetail): Fact[] {
    const time = (text: string) => exactTime(text, locale());
    return [
        { name: t("request.status"), value: <Status record={request} /> },
        { name: t("request.model"), value: request.model },
        ...(request.provider ? [{ name: t("request.provider"), value: request.provider }] : []),
        { name: t("request.attempts"), value: <Count value={request.attempts} /> },
        { name: t("request.key"), value: request.key_name ?? "–" },
        { name: t("request.begun"), value: time(request.created_at) },
        { name: t("request.ended"), value: time(request.ended_at) },
        {
            name: t("request.stream"),
            value: t(request.stream ? "request.streamed" : "request.whole"),
        },
        { name: t("request.finish"), value: request.finish_reason ?? "–" },
        { name: t("request.reasoning"), value: <Count value={request.reasoning_tokens} /> },
        { name: t("request.source"), value: t(SOURCES[request.usage_source]) },
        ...conditionsOf(request),
    ];
}
