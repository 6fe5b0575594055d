// The frame of everything that is tried and is no conversation: a form, and below it what came of it.
import type { ComponentChildren } from "preact";
import type { Asked } from "../../api/playground";
import { t } from "../../i18n";
import { Button } from "../../ui/button";
import { Failure } from "../../ui/notice";
import { Bone } from "../../ui/skeleton";
import { Figures } from "./figures";
import { quoteText, useQuote } from "./quote";
import { type Outcome, type Read, useRun } from "./run";

/** What every task is told: who pays, and which model answers ("" if the key may use none). */
export interface TaskProps {
    keyId: string;
    model: string;
}

interface TrialProps<T> extends TaskProps {
    children: ComponentChildren; // the fields
    asked: Asked | null; // null: something is missing yet
    read: Read<T>;
    show: (value: T, isRunning: boolean) => ComponentChildren;
}

/** While a call runs, the button stops it; so whoever uses the keyboard stays where they are. */
export function Trial<T>({ keyId, model, children, asked, read, show }: TrialProps<T>) {
    const run = useRun(read);
    const quote = useQuote(keyId, model === "" ? null : asked);
    const canStart = asked !== null && model !== "" && !run.isRunning;
    const onSubmit = (event: Event) => {
        event.preventDefault();
        if (canStart) {
            run.start(keyId, asked);
        }
    };
    // By the end of this click the same element is the one that runs.
    const onStop = (event: Event) => {
        event.preventDefault();
        run.stop();
    };
    return (
        <>
            <form class="flex flex-col gap-4 p-4" onSubmit={onSubmit}>
                {children}
                <div class="flex flex-wrap items-center gap-x-4 gap-y-2">
                    {run.isRunning ? (
                        <Button kind="danger" icon="stop" onClick={onStop}>
                            {t("playground.stop")}
                        </Button>
                    ) : (
                        <Button type="submit" kind="primary" icon="send" disabled={!canStart}>
                            {t("playground.run")}
                        </Button>
                    )}
                    <p class="min-h-5 text-sm text-soft">{quote ? quoteText(quote) : ""}</p>
                </div>
            </form>
            <section
                aria-label={t("playground.result")}
                aria-busy={run.isRunning}
                class="min-h-40 border-t border-line p-4"
            >
                {run.outcome ? (
                    <Result outcome={run.outcome} isRunning={run.isRunning} show={show} />
                ) : (
                    <p class="text-soft">{t("playground.resultText")}</p>
                )}
            </section>
        </>
    );
}

interface ResultProps<T> {
    outcome: Outcome<T>;
    isRunning: boolean;
    show: TrialProps<T>["show"];
}

function Result<T>({ outcome, isRunning, show }: ResultProps<T>) {
    return (
        <>
            {outcome.value !== null
                ? show(outcome.value, isRunning)
                : isRunning && <Bone class="h-4 w-40" />}
            {outcome.error !== null && <Failure error={outcome.error} />}
            <Figures {...outcome} asked={() => outcome.asked} />
        </>
    );
}
