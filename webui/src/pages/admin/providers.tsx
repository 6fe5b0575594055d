import {
    getProviders,
    type Health,
    type ModelHealth,
    type Outcome,
    type Provider,
    type ProviderLimit,
    type Times,
} from "../../api/admin";
import { glance, usd } from "../../base/money";
import { count, percent } from "../../base/number";
import { duration } from "../../base/time";
import { locale, type PlainKey, t } from "../../i18n";
import { useEvery } from "../../state/every";
import { useResource } from "../../state/resource";
import { may } from "../../state/session";
import { Badge, type Tone } from "../../ui/badge";
import { Card, Page } from "../../ui/card";
import { Empty } from "../../ui/empty";
import { type Fact, Facts } from "../../ui/facts";
import { Ago } from "../../ui/figure";
import { Failure } from "../../ui/notice";
import { Failures } from "./failures";
import { isInTrouble, placeOf, ProviderTrouble, useOrder } from "./providertrouble";
import { TestProvider } from "./testprovider";

const EVERY_MS = 2000;
const SECONDS_A_MINUTE = 60;

const TONES: Record<Health, Tone> = {
    ok: "good",
    degraded: "warn",
    down: "bad",
    idle: "plain",
    unavailable: "warn",
};
const OUTCOMES: Record<Outcome, PlainKey> = {
    connect: "outcome.connect",
    reset: "outcome.reset",
    timeout: "outcome.timeout",
    "429": "outcome.429",
    "5xx": "outcome.5xx",
    auth: "outcome.auth",
    garbled: "outcome.garbled",
    cut: "outcome.cut",
};

export function Providers() {
    const providers = useResource("providers", getProviders);
    useEvery(EVERY_MS, providers.reload);
    const data = providers.data;
    const rows = useOrder(data?.data);
    const minutes = data ? Math.max(1, Math.round(data.window_s / SECONDS_A_MINUTE)) : 0;
    return (
        <Page
            title={t("nav.providers")}
            lead={data ? t("providers.lead", { n: minutes }) : t("page.loading")}
        >
            <Failure error={providers.error} />
            <ProviderTrouble providers={data?.data ?? []} />
            {data?.data.length === 0 && (
                <Card>
                    <Empty icon="providers" title={t("providers.empty")}>
                        {t("providers.emptyText")}
                    </Empty>
                </Card>
            )}
            <div class="grid items-start gap-5 lg:grid-cols-2">
                {data
                    ? rows.map((provider) => (
                          <div
                              key={provider.name}
                              id={placeOf(provider)}
                              class="min-w-0 scroll-mt-16 lg:scroll-mt-4"
                          >
                              <ProviderCard provider={provider} onTested={providers.reload} />
                          </div>
                      ))
                    : [0, 1].map((index) => <div key={index} class="panel skeleton h-72" />)}
            </div>
        </Page>
    );
}

function ms(value: number | null): string {
    return value === null ? "–" : duration(value);
}

function errorRate({ attempts, failures }: { attempts: number; failures: number }): string {
    const share = percent(attempts > 0 ? failures / attempts : 0, locale());
    return t("providers.failures", {
        share,
        failures: count(failures, locale()),
        attempts: count(attempts, locale()),
    });
}

function ProviderCard({ provider, onTested }: { provider: Provider; onTested: () => void }) {
    const { p50, p95 } = provider.first_byte_ms;
    const facts: Fact[] = [
        {
            name: t("providers.recent", { n: provider.recent.window_s }),
            value: <Recent {...provider.recent} />,
        },
        { name: t("providers.errorRate"), value: errorRate(provider) },
        { name: t("providers.lastError"), value: <LastError error={provider.last_error} /> },
        ...(provider.balance
            ? [{ name: t("providers.balance"), value: <Balance {...provider.balance} /> }]
            : []),
        ...(provider.spending
            ? [{ name: t("providers.spending"), value: <Spending {...provider.spending} /> }]
            : []),
    ];
    const figures: Fact[] = [
        { name: t("providers.latency"), value: `${ms(p50)} / ${ms(p95)}` },
        ...(provider.recent.models.some(({ calls }) => calls > 0)
            ? [{ name: t("providers.times"), value: <ModelTimes {...provider.recent} /> }]
            : []),
        { name: t("nav.models"), value: count(provider.models, locale()) },
        {
            name: t("providers.lastSuccess"),
            value: provider.last_success_at ? <Ago time={provider.last_success_at} /> : "–",
        },
        { name: t("providers.usage"), value: <Counts usage={provider.usage} /> },
        ...hedgeFacts(provider.hedges),
        ...(provider.rate_limits
            ? [{ name: t("providers.limits"), value: <Limits {...provider.rate_limits} /> }]
            : []),
        ...(provider.contexts
            ? [{ name: t("providers.contexts"), value: <Contexts {...provider.contexts} /> }]
            : []),
    ];
    return (
        <Card
            title={provider.name}
            note={
                <span class="break-all">
                    {provider.dialect}
                    {provider.base_url && ` · ${provider.base_url}`}
                </span>
            }
            actions={<Badge tone={TONES[provider.health]}>{t(`health.${provider.health}`)}</Badge>}
        >
            {provider.unavailable_reason && (
                <p class="mb-2 text-warn">{provider.unavailable_reason}</p>
            )}
            {provider.available && <Facts facts={facts} />}
            <details class="border-t border-line py-2" open={isInTrouble(provider)}>
                <summary class="cursor-pointer text-soft">{t("providers.figures")}</summary>
                {/* One that is not set up is a line among many that are not. */}
                {!provider.available && <Facts facts={facts} />}
                <Facts facts={figures} />
                {!provider.available && <Failures provider={provider.name} />}
            </details>
            {provider.available && <Failures provider={provider.name} />}
            {may("service.manage") && provider.available && provider.models > 0 && (
                <TestProvider provider={provider} onDone={onTested} />
            )}
        </Card>
    );
}

/** What happened in the last seconds, and what is not asked now. */
function Recent({ calls, failures, account_refused_until, models, left_out }: Provider["recent"]) {
    const unasked = models.filter(
        ({ breaker, paused_until }) => breaker !== "closed" || paused_until !== null,
    );
    return (
        <>
            {calls > 0 ? errorRate({ attempts: calls, failures }) : t("providers.notAsked")}
            {account_refused_until && (
                <span class="block text-bad">
                    {t("providers.refused")} <Ago time={account_refused_until} />
                </span>
            )}
            {unasked.map((model) => (
                <span key={model.model} class="block break-all text-warn">
                    {model.model}: <Unasked {...model} />
                </span>
            ))}
            {left_out > 0 && `+${count(left_out, locale())}`}
        </>
    );
}

/** How quick each model was in the last seconds. */
function ModelTimes({ models }: Provider["recent"]) {
    const words = ({ mean, p50, p90 }: Times) => `${ms(mean)} / ${ms(p50)} / ${ms(p90)}`;
    return (
        <>
            {models
                .filter(({ first_byte_ms }) => first_byte_ms.count > 0)
                .map(({ model, first_byte_ms, total_ms, tokens_per_s }) => (
                    <span key={model} class="block [overflow-wrap:anywhere]">
                        {model}: {t("providers.firstByte", { times: words(first_byte_ms) })}
                        {total_ms.count > 0 &&
                            ` · ${t("providers.whole", { times: words(total_ms) })}`}
                        {tokens_per_s !== null &&
                            ` · ${t("providers.tokensPerSecond", { n: count(tokens_per_s, locale()) })}`}
                    </span>
                ))}
        </>
    );
}

function Unasked({ open_until, paused_until }: ModelHealth) {
    const until = open_until ?? paused_until;
    if (until === null) {
        return <>{t("providers.probed")}</>;
    }
    return (
        <>
            {t(open_until ? "providers.open" : "providers.paused")} <Ago time={until} />
        </>
    );
}

/** What the provider says of our account; a warning where it is bad or unknown. */
function Balance({ kind, amount, alarm, error }: NonNullable<Provider["balance"]>) {
    if (kind === null || amount === null || alarm === null) {
        return <span class="text-warn">{error ?? "–"}</span>;
    }
    const [found, bound] = [usd(amount), usd(alarm)];
    const bad = kind === "left" ? found < bound : found > bound;
    return (
        <>
            <span class={bad ? "text-bad" : undefined}>
                {t(kind === "left" ? "providers.left" : "providers.billed", {
                    amount: glance(found),
                    alarm: glance(bound),
                })}
            </span>
            {error && <span class="block text-warn">{error}</span>}
        </>
    );
}

/** A warning where calls go elsewhere, or soon will. */
function Spending({ today, reserved, cap }: NonNullable<Provider["spending"]>) {
    const [spent, most] = [glance(usd(today)), cap === null ? null : usd(cap)];
    if (most === null) {
        return <>{spent}</>;
    }
    const tight = (usd(today) + usd(reserved)) * 5n >= most * 4n;
    return (
        <span class={tight ? "text-warn" : undefined}>
            {t("providers.spendingOf", { spent, cap: glance(most) })}
        </span>
    );
}

/** How it did where it was asked second; nothing where it never was. */
function hedgeFacts({ asked, won }: Provider["hedges"]) {
    const numbers = { asked: count(asked, locale()), won: count(won, locale()) };
    return asked === 0
        ? []
        : [{ name: t("providers.hedges"), value: t("providers.hedgesOf", numbers) }];
}

/** Shown as a warning where the provider's counts needed correcting. */
function Counts({ usage }: { usage: Provider["usage"] }) {
    const { reported, corrected, missing, excessive } = usage;
    const whole = reported + corrected + missing + excessive;
    if (whole === 0) {
        return <>–</>;
    }
    const wrong = whole - reported;
    const [all, bad] = [count(whole, locale()), count(wrong, locale())];
    if (wrong === 0) {
        return <>{t("providers.usageGood", { all })}</>;
    }
    const parts = [corrected, missing, excessive].map((n) => count(n, locale()));
    return (
        <span class="text-warn">
            {t("providers.usageBad", {
                all,
                bad,
                corrected: parts[0] ?? "",
                missing: parts[1] ?? "",
                excessive: parts[2] ?? "",
            })}
        </span>
    );
}

/** What is left of the provider's limits on us, as it said. */
function Limits({ at, requests, tokens: ofTokens }: NonNullable<Provider["rate_limits"]>) {
    const left = (limit: ProviderLimit) => ({
        left: tokens(limit.remaining),
        of: tokens(limit.limit),
    });
    return (
        <>
            <span class="block">{t("providers.requestsLeft", left(requests))}</span>
            <span class="block">{t("providers.tokensLeft", left(ofTokens))}</span>
            <span class="block text-sm text-soft">
                <Ago time={at} />
            </span>
        </>
    );
}

/** What the server itself says of its models. */
function Contexts({ asked_at, error, models, left_out }: NonNullable<Provider["contexts"]>) {
    return (
        <>
            {models.map(({ model, context_length, trained_context_length }) => (
                <span key={model} class="block [overflow-wrap:anywhere]">
                    {model}: {tokens(context_length)}
                    {trained_context_length !== null &&
                        ` (${t("providers.trained", { n: tokens(trained_context_length) })})`}
                </span>
            ))}
            {left_out > 0 && `+${count(left_out, locale())}`}
            {error && <span class="block text-warn">{error}</span>}
            <span class="block text-sm text-soft">
                {asked_at ? <Ago time={asked_at} /> : t("providers.notAnswered")}
            </span>
        </>
    );
}

function tokens(n: number | null): string {
    return n === null ? "–" : count(n, locale());
}

function LastError({ error }: { error: Provider["last_error"] }) {
    if (!error) {
        return <>–</>;
    }
    return (
        <>
            <span class="text-bad">
                {t(OUTCOMES[error.outcome])}
                {error.status !== null && ` (${error.status})`}
            </span>
            {", "}
            <Ago time={error.at} />
            <span class="block text-sm text-soft">{error.detail}</span>
            {error.request_id !== null && (
                <a
                    class="font-mono text-sm text-accent underline-offset-2 hover:underline"
                    href={`/dashboard/admin/requests/${encodeURIComponent(error.request_id)}`}
                >
                    {error.request_id}
                </a>
            )}
        </>
    );
}
