import { curlOf } from "../../base/snippets";
import { duration } from "../../base/time";
import { t } from "../../i18n";
import { site } from "../../state/site";
import { Badge } from "../../ui/badge";
import { CopyButton } from "../../ui/copy";
import { Count, Exact } from "../../ui/figure";
import { Failure } from "../../ui/notice";
import { Bone } from "../../ui/skeleton";
import type { Answer, Turn } from "./talk";

/** A question and its answer. */
export function TurnView({ turn }: { turn: Turn }) {
    const { answer } = turn;
    const isWaiting = answer.state === "waiting";
    return (
        <article class="flex flex-col gap-3">
            <p class="max-w-[85%] self-end rounded-2xl rounded-br-md bg-accent-wash px-4 py-2.5 whitespace-pre-wrap">
                {turn.question}
            </p>
            <div class="max-w-[92%] self-start">
                <p class="mb-1 text-sm font-medium text-soft">{turn.model}</p>
                {isWaiting ? (
                    <Bone class="h-4 w-40" />
                ) : (
                    answer.text && (
                        <p class="rounded-2xl rounded-bl-md border border-line bg-raised px-4 py-2.5 whitespace-pre-wrap">
                            {answer.text}
                        </p>
                    )
                )}
                {answer.error !== null && (
                    <div class="mt-2">
                        <Failure error={answer.error} />
                    </div>
                )}
                <Figures turn={turn} answer={answer} />
            </div>
        </article>
    );
}

/** What the answer took, as it was charged. */
function Figures({ turn, answer }: { turn: Turn; answer: Answer }) {
    const { record } = answer;
    const isRunning = answer.state === "waiting" || answer.state === "streaming";
    const curl = () =>
        curlOf(site.value?.base_url ?? "", null, {
            model: turn.model,
            messages: turn.messages,
            stream: true,
        });
    return (
        <div class="mt-2 flex min-h-8 flex-wrap items-center gap-x-4 gap-y-1 text-sm text-soft">
            {answer.state === "stopped" && <Badge tone="warn">{t("playground.stopped")}</Badge>}
            {record && (
                <>
                    <span>
                        <Count value={record.input_tokens + record.cached_input_tokens} />{" "}
                        {t("request.in")} · <Count value={record.output_tokens} />{" "}
                        {t("request.out")}
                    </span>
                    <span>
                        <Exact amount={record.cost} />
                    </span>
                    <span class="figures">{duration(record.total_ms)}</span>
                    <a
                        class="text-accent underline-offset-2 hover:underline"
                        href={`/dashboard/usage/${encodeURIComponent(record.id)}`}
                    >
                        {t("playground.details")}
                    </a>
                </>
            )}
            {!isRunning && <CopyButton text={curl} label={t("playground.copyCurl")} kind="quiet" />}
        </div>
    );
}
