// The attempts at a provider, asked for when the operator wants to see them.
import { getProviderAttempts, type ProviderAttempt } from "../../api/admin";
import { duration } from "../../base/time";
import { t, textNamed } from "../../i18n";
import { useChoice } from "../../state/choice";
import { useResource } from "../../state/resource";
import { Button } from "../../ui/button";
import { Time } from "../../ui/figure";
import { Failure } from "../../ui/notice";
import { Segmented } from "../../ui/segmented";

const SHOWN = ["shut", "failed", "all"] as const;
type Shown = (typeof SHOWN)[number];

export function Failures({ provider }: { provider: string }) {
    const [shown, show] = useChoice(`attempts.${provider}`, SHOWN);
    const isOpen = shown !== "shut";
    return (
        <div class="border-t border-line pt-3">
            <Button
                size="small"
                kind="quiet"
                icon={isOpen ? "down" : "right"}
                aria-expanded={isOpen}
                onClick={() => show(isOpen ? "shut" : "failed")}
            >
                {t("providers.attempts")}
            </Button>
            {isOpen && <Attempts provider={provider} which={shown} onWhich={show} />}
        </div>
    );
}

type Which = Exclude<Shown, "shut">;

interface AttemptsProps {
    provider: string;
    which: Which;
    onWhich: (which: Which) => void;
}

function Attempts({ provider, which, onWhich }: AttemptsProps) {
    const choices = [
        { value: "failed", text: t("providers.attemptsFailed") },
        { value: "all", text: t("providers.attemptsAll") },
    ] as const;
    return (
        <div class="pt-2">
            <Segmented
                label={t("providers.attempts")}
                choices={choices}
                value={which}
                onValue={onWhich}
            />
            <List provider={provider} which={which} />
        </div>
    );
}

function List({ provider, which }: { provider: string; which: Which }) {
    const attempts = useResource(`attempts ${which} ${provider}`, (signal) =>
        getProviderAttempts(provider, which, signal),
    );
    if (attempts.error) {
        return <Failure error={attempts.error} retry={attempts.reload} />;
    }
    if (attempts.data === undefined) {
        return <p class="py-2 text-soft">{t("page.loading")}</p>;
    }
    if (attempts.data.data.length === 0) {
        return <p class="py-2 text-soft">{t("providers.noAttempts")}</p>;
    }
    return (
        <ol class="divide-y divide-line">
            {attempts.data.data.map((attempt) => (
                <Attempt key={`${attempt.request_id} ${attempt.number}`} {...attempt} />
            ))}
        </ol>
    );
}

function Attempt(attempt: ProviderAttempt) {
    const { request_id, model, outcome, status, at, duration_ms, words, test } = attempt;
    return (
        <li class="py-2 text-sm">
            <span class={outcome === "answered" ? "text-good" : "text-bad"}>
                {textNamed(`outcome.${outcome}`) ?? outcome}
                {status !== null && ` (${status})`}
            </span>
            {", "}
            <Time time={at} />
            {`, ${duration(duration_ms)}, `}
            <span class="break-all">{model}</span>
            <span class="block break-words text-soft">{words}</span>
            {test ? (
                <span class="block break-all text-soft">
                    {`${t("providers.testCall")}, `}
                    <span class="font-mono">{request_id}</span>
                </span>
            ) : (
                <a
                    class="font-mono text-accent underline-offset-2 hover:underline"
                    href={`/dashboard/admin/requests/${encodeURIComponent(request_id)}`}
                >
                    {request_id}
                </a>
            )}
        </li>
    );
}
