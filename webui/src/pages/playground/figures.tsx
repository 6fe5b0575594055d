import type { Asked } from "../../api/playground";
import type { RequestDetail } from "../../api/types";
import { curlOf } from "../../base/snippets";
import { duration } from "../../base/time";
import { t } from "../../i18n";
import { clientUrl } from "../../state/site";
import { Badge } from "../../ui/badge";
import { CopyButton } from "../../ui/copy";
import { Count, Exact } from "../../ui/figure";

const LINK = "text-accent underline-offset-2 hover:underline";

interface FiguresProps {
    state: string;
    isKnown: boolean; // false: it was stopped before its answer had a name
    record: RequestDetail | null;
    asked: () => Asked;
}

/** What a call took, as it was charged, and the same call for a shell. */
export function Figures({ state, isKnown, record, asked }: FiguresProps) {
    const isRunning = state === "waiting" || state === "streaming";
    const curl = () => {
        const { path, body } = asked();
        return curlOf(clientUrl(), null, path, body);
    };
    return (
        <div class="mt-2 flex min-h-8 flex-wrap items-center gap-x-4 gap-y-1 text-sm text-soft">
            {state === "stopped" && <Badge tone="warn">{t("playground.stopped")}</Badge>}
            {state === "stopped" && !isKnown && (
                <a class={LINK} href="/dashboard/usage">
                    {t("playground.stoppedNote")}
                </a>
            )}
            {record && (
                <>
                    <Tokens {...record} />
                    <span>
                        <Exact amount={record.cost} />
                    </span>
                    <span class="figures">{duration(record.total_ms)}</span>
                    <a class={LINK} href={`/dashboard/usage/${encodeURIComponent(record.id)}`}>
                        {t("playground.details")}
                    </a>
                </>
            )}
            {!isRunning && <CopyButton text={curl} label={t("playground.copyCurl")} kind="quiet" />}
        </div>
    );
}

/** Nothing where a call has none: speech by the character, pictures by the piece. */
function Tokens({ input_tokens, cached_input_tokens, output_tokens }: RequestDetail) {
    const input = input_tokens + cached_input_tokens;
    if (input + output_tokens === 0) {
        return null;
    }
    return (
        <span>
            <Count value={input} /> {t("request.in")} · <Count value={output_tokens} />{" "}
            {t("request.out")}
        </span>
    );
}
