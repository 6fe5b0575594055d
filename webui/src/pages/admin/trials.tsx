// Canary and shadow of a model beside its own candidates. Nothing is claimed of few calls.
import {
    getComparison,
    getTrials,
    type Trial,
    type TrialGroup,
    type TriedModel,
} from "../../api/trials";
import { type Period, PERIODS, periodWindow } from "../../base/days";
import { glance, usd } from "../../base/money";
import { count, percent } from "../../base/number";
import { duration, toDateInput } from "../../base/time";
import { locale, t } from "../../i18n";
import { useChoice, useWord } from "../../state/choice";
import { useResource } from "../../state/resource";
import { Badge } from "../../ui/badge";
import { Card } from "../../ui/card";
import { Facts } from "../../ui/facts";
import { Exact } from "../../ui/figure";
import { SelectField } from "../../ui/field";
import { Failure } from "../../ui/notice";
import { Segmented } from "../../ui/segmented";
import { type Column, Table } from "../../ui/table";

const MILLION = 1_000_000;
const USUAL: Period = "7d";
const COMPARED = [USUAL, ...PERIODS.filter((it) => it !== USUAL)] as const;

/** Nothing, while no model has a trial. */
export function Trials() {
    const models = useResource("trials", getTrials);
    const [chosen, setChosen] = useWord("trial");
    const model = models.data?.find(({ model: name }) => name === chosen) ?? models.data?.[0];
    if (models.error) {
        return <Failure error={models.error} retry={models.reload} />;
    }
    if (!models.data || !model) {
        return null;
    }
    const choices = models.data.map(({ model: name }) => ({ value: name, text: name }));
    return (
        <Card title={t("trials.title")} note={t("trials.note")} flush>
            <div class="flex flex-col gap-4 px-5 pb-4">
                {choices.length > 1 && (
                    <SelectField
                        label={t("request.model")}
                        value={model.model}
                        choices={choices}
                        onValue={setChosen}
                    />
                )}
                <Facts facts={trialFacts(model)} />
            </div>
            <Compared key={model.model} model={model.model} />
        </Card>
    );
}

function trialFacts({ model, canary, shadow }: TriedModel) {
    const facts = [{ name: t("request.model"), value: model }];
    if (canary) {
        facts.push({ name: t("trials.role.canary"), value: sentence(canary) });
    }
    if (shadow) {
        facts.push({ name: t("trials.role.shadow"), value: sentence(shadow) });
    }
    return facts;
}

/** "acme, new-model: 5% of the customers, in the groups beta". */
function sentence(trial: Trial): string {
    const parts = [
        `${trial.provider}, ${trial.provider_model}`,
        t(`trials.by.${trial.by}`, { share: trial.share }),
    ];
    if (trial.groups) {
        parts.push(t("trials.groups", { groups: trial.groups.join(", ") }));
    }
    if (trial.spend_per_day) {
        parts.push(t("trials.limit", { amount: glance(usd(trial.spend_per_day)) }));
    }
    if (!trial.available) {
        parts.push(t("models.unavailable"));
    }
    return parts.join(" · ");
}

function Compared({ model }: { model: string }) {
    const [period, setPeriod] = useChoice("compared", COMPARED);
    const query = { model, from: toDateInput(periodWindow(period, Date.now()).from) };
    const found = useResource(
        `trials ${JSON.stringify(query)}`,
        (signal) => getComparison(query, signal),
        { keep: true },
    );
    const periods = PERIODS.map((value) => ({ value, text: t(`period.${value}`) }));
    const { shadows_today: today, calls_min: least, complete } = found.data ?? {};
    return (
        <>
            <div class="px-5 pb-4">
                <Segmented
                    label={t("usage.period")}
                    choices={periods}
                    value={period}
                    onValue={setPeriod}
                />
            </div>
            <Failure error={found.error} retry={found.reload} />
            <Table
                caption={t("trials.title")}
                columns={columns()}
                rows={found.data?.data}
                isStale={found.isOld}
                rowKey={(row) => `${row.role} ${row.provider} ${row.provider_model}`}
                bones={3}
            />
            <p class="px-5 py-4 text-sm text-soft">
                {least !== undefined && t("trials.few", { n: least })}{" "}
                {complete === false && t("trials.cut")}{" "}
                {today && today.left_out > 0 && (
                    <>
                        <Exact amount={today.counted} />{" "}
                        {t("trials.leftOut", { n: count(today.left_out, locale()) })}
                    </>
                )}
            </p>
        </>
    );
}

function columns(): Column<TrialGroup>[] {
    const number = (
        id: string,
        head: string,
        cell: Column<TrialGroup>["cell"],
    ): Column<TrialGroup> => ({ id, head, isNumber: true, cell });
    return [
        { id: "role", head: t("request.provider"), isTitle: true, cell: Who },
        number("calls", t("trials.calls"), Calls),
        number("failed", t("usage.errorCount"), Failed),
        number("first", t("trials.firstByte"), ({ first_byte_ms }) => <Times {...first_byte_ms} />),
        number("total", t("request.duration"), ({ total_ms }) => <Times {...total_ms} />),
        number("cost", t("trials.cost"), ({ cost_a_call }) =>
            cost_a_call === null ? "–" : glance(usd(cost_a_call)),
        ),
        number("output", t("trials.output"), ({ output_tokens_a_call }) =>
            output_tokens_a_call === null ? "–" : count(output_tokens_a_call, locale()),
        ),
        {
            id: "finish",
            head: t("trials.finish"),
            cell: ({ finish_reasons }) => <Words words={finish_reasons} />,
        },
    ];
}

function Who({ role, provider, provider_model }: TrialGroup) {
    return (
        <>
            <Badge tone={role === "primary" ? "plain" : "good"}>{t(`trials.role.${role}`)}</Badge>{" "}
            {provider}
            <span class="block font-mono text-sm font-normal break-all text-soft">
                {provider_model}
            </span>
        </>
    );
}

function Calls({ calls, unfinished }: TrialGroup) {
    return (
        <>
            {count(calls, locale())}
            {unfinished > 0 && (
                <span class="block text-sm text-soft">
                    {t("trials.unfinished", { n: count(unfinished, locale()) })}
                </span>
            )}
        </>
    );
}

function Failed({ failed_ppm, failed, failures }: TrialGroup) {
    return (
        <>
            {failed_ppm === null
                ? count(failed, locale())
                : percent(failed_ppm / MILLION, locale())}
            <Words words={failures} />
        </>
    );
}

function Times({ calls, p50, p90 }: TrialGroup["total_ms"]) {
    return (
        <>
            {p50 === null || p90 === null ? "–" : `${duration(p50)} / ${duration(p90)}`}
            <span class="block text-sm text-soft">
                {t("trials.of", { n: count(calls, locale()) })}
            </span>
        </>
    );
}

/** How often each came, the most frequent first. */
function Words({ words }: { words: Record<string, number> }) {
    const sorted = Object.entries(words).sort(([, a], [, b]) => b - a);
    return (
        <span class="block text-sm text-soft">
            {sorted.map(([word, times]) => `${word} ${count(times, locale())}`).join(", ")}
        </span>
    );
}
