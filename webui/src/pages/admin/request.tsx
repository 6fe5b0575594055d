// A request of any customer, with what it cost us.
import { useState } from "preact/hooks";
import {
    type AdminRequest,
    type Attempt,
    type AuditedRequest,
    getAnyRequest,
    refund,
} from "../../api/admin";
import type { Address } from "../../app";
import { exact, plain, typedUsd, usd } from "../../base/money";
import { duration } from "../../base/time";
import { t } from "../../i18n";
import { errorOf, useAction } from "../../state/action";
import { announce } from "../../state/announce";
import { useOnce } from "../../state/once";
import { useResource } from "../../state/resource";
import { may } from "../../state/session";
import { BackLink } from "../../ui/backlink";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card, Page } from "../../ui/card";
import { ChargeLines } from "../../ui/charge";
import { type Fact, Facts } from "../../ui/facts";
import { Exact } from "../../ui/figure";
import { TextField } from "../../ui/field";
import { FormDialog } from "../../ui/form";
import { Failure } from "../../ui/notice";
import { type Column, Table } from "../../ui/table";
import { RequestCards } from "../request";

export function AdminRequestPage({ address }: { address: Address }) {
    const id = address["id"] ?? "";
    const request = useResource(`admin request ${id}`, (signal) => getAnyRequest(id, signal));
    const [isRefunding, setRefunding] = useState(false);
    const data = request.data;
    const left = data && !("refused" in data) ? usd(data.cost) - usd(data.refunded) : undefined;
    return (
        <Page
            title={t("request.title")}
            lead={<span class="font-mono text-sm break-all">{id}</span>}
            actions={
                left !== undefined &&
                left > 0n &&
                may("money.write") && (
                    <Button onClick={() => setRefunding(true)}>{t("refund.action")}</Button>
                )
            }
        >
            {data && (
                <BackLink href={`/dashboard/admin/customers/${encodeURIComponent(data.user_id)}`}>
                    {data.email}
                </BackLink>
            )}
            <Failure error={request.error} retry={request.reload} />
            {!request.error && (
                <>
                    <RequestCards request={data} />
                    {data && !("refused" in data) && <OurSide request={data} />}
                </>
            )}
            {isRefunding && left !== undefined && (
                <RefundDialog
                    requestId={id}
                    left={left}
                    onClose={() => setRefunding(false)}
                    onDone={() => {
                        setRefunding(false);
                        request.reload();
                    }}
                />
            )}
        </Page>
    );
}

/** What the provider said that it charges, beside what our own prices make of the call. */
function statedFacts({ stated_cost, computed_cost }: AuditedRequest): Fact[] {
    if (stated_cost === null || computed_cost === null) {
        return [];
    }
    return [
        { name: t("ours.stated"), value: <Exact amount={stated_cost} /> },
        { name: t("ours.computed"), value: <Exact amount={computed_cost} /> },
    ];
}

/** Whether the call was part of a trial of its model. */
function canaryFacts({ canary, canary_attempts }: AdminRequest): Fact[] {
    if (canary_attempts === 0) {
        return [];
    }
    return [
        {
            name: t("trials.role.canary"),
            value: t(canary ? "ours.canaryAnswered" : "ours.canaryFailed"),
        },
    ];
}

function shadowFacts({ shadow }: AuditedRequest): Fact[] {
    const facts: Fact[] = [];
    if (shadow) {
        const { provider, provider_model, outcome, cost, total_ms } = shadow;
        facts.push({
            name: t("trials.role.shadow"),
            value: (
                <>
                    {provider}, {provider_model} · {outcome ?? "–"} · {duration(total_ms)} ·{" "}
                    <Exact amount={cost} />
                </>
            ),
        });
    }
    return facts;
}

/** What the attempt cost that did not answer, where a second provider was asked, too. */
function hedgeFacts({ hedge }: AuditedRequest): Fact[] {
    if (!hedge) {
        return [];
    }
    const { asked, asked_model, won, outcome, provider, cost } = hedge;
    return [
        { name: t("ours.hedge"), value: `${asked}, ${asked_model}` },
        {
            name: t("ours.hedgeEnd"),
            value:
                won === null ? (
                    t("ours.hedgeOpen")
                ) : (
                    <>
                        {t(won ? "ours.hedgeWon" : "ours.hedgeLost")} · {provider || "–"} ·{" "}
                        {outcome} · <Exact amount={cost} />
                    </>
                ),
        },
    ];
}

/** What the call costs us, and what we earn by it. */
function costFacts(request: AuditedRequest): Fact[] {
    return [
        { name: t("ours.margin"), value: request.margin },
        ...shadowFacts(request),
        ...hedgeFacts(request),
        ...statedFacts(request),
        { name: t("sales.cost"), value: <Exact amount={request.provider_cost} /> },
        { name: t("sales.overrun"), value: <Exact amount={request.overrun} /> },
        { name: t("sales.profit"), value: <Exact amount={request.profit} /> },
    ];
}

function OurSide({ request }: { request: AdminRequest | AuditedRequest }) {
    const audited = "provider_cost" in request ? request : null;
    const facts: Fact[] = [
        { name: t("ours.model"), value: request.provider_model ?? "–" },
        ...canaryFacts(request),
        ...(audited ? costFacts(audited) : []),
        {
            name: t("policies.revision"),
            value: <code class="text-sm break-all">{request.policy_revision}</code>,
        },
    ];
    return (
        <Card title={t("ours.title")} note={audited ? t("ours.note") : undefined}>
            {audited && (
                <table class="mb-4 w-full">
                    <ChargeLines caption={t("ours.title")} lines={audited.cost_lines} />
                </table>
            )}
            <Facts facts={facts} />
            {request.attempt_list.length > 0 && <Attempts attempts={request.attempt_list} />}
        </Card>
    );
}

/** Who was asked, in their order, and what each of them said. */
function Attempts({ attempts }: { attempts: Attempt[] }) {
    return (
        <div class="-mx-5 mt-5">
            <h3 class="px-5 pb-2 font-semibold">{t("request.attempts")}</h3>
            <Table
                caption={t("request.attempts")}
                columns={attemptColumns()}
                rows={attempts}
                rowKey={({ number, created_at }) => `${number} ${created_at}`}
            />
        </div>
    );
}

function attemptColumns(): Column<Attempt>[] {
    return [
        {
            id: "provider",
            head: t("request.provider"),
            isTitle: true,
            cell: ({ number, provider, model }) => (
                <>
                    {number}. {provider}
                    <span class="block text-sm font-normal break-all text-soft">{model}</span>
                </>
            ),
        },
        {
            id: "outcome",
            head: t("ours.outcome"),
            cell: ({ outcome, status, class: kind }) => (
                <>
                    <span class="whitespace-nowrap">
                        <Badge tone={outcome === "answered" ? "good" : "warn"}>{outcome}</Badge>{" "}
                        {status}
                    </span>
                    {kind === "unknown" && (
                        <span class="block text-sm text-warn">{t("ours.perhapsBilled")}</span>
                    )}
                    {kind === "refused" && (
                        <span class="block text-sm text-soft">{t("ours.notBegun")}</span>
                    )}
                </>
            ),
        },
        {
            id: "duration",
            head: t("request.duration"),
            isNumber: true,
            cell: ({ duration_ms }) => duration(duration_ms),
        },
        {
            id: "words",
            head: t("ours.words"),
            cell: ({ words }) => (
                <span class="text-sm break-words [overflow-wrap:anywhere]">{words ?? "–"}</span>
            ),
        },
    ];
}

interface RefundProps {
    requestId: string;
    left: bigint;
    onClose: () => void;
    onDone: () => void;
}

function RefundDialog({ requestId, left, onClose, onDone }: RefundProps) {
    const [typed, setTyped] = useState(plain(left));
    const [reason, setReason] = useState("");
    const once = useOnce();
    const doing = useAction(async () => {
        const amount = typedUsd(typed);
        const form = {
            exchange_id: requestId,
            amount: amount === null ? typed : plain(amount),
            reason: reason.trim(),
        };
        await once((key) => refund(form, key));
        announce(t("refund.done", { amount: amount === null ? typed : exact(amount) }));
        onDone();
    });
    return (
        <FormDialog
            title={t("refund.title")}
            action={t("refund.action")}
            doing={doing}
            fields={["amount", "reason"]}
            onClose={onClose}
        >
            <TextField
                label={t("credits.amount")}
                hint={t("refund.atMost", { amount: exact(left) })}
                inputMode="decimal"
                required
                value={typed}
                onValue={setTyped}
                error={errorOf(doing.error, "amount")}
            />
            <TextField
                label={t("acts.reason")}
                hint={t("acts.reasonShown")}
                required
                autofocus
                value={reason}
                onValue={setReason}
                error={errorOf(doing.error, "reason")}
            />
        </FormDialog>
    );
}
