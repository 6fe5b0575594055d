// What the policies in the folder would have changed, had they been in force: for the last refused
// reload, and for files that are not in force yet.
import { useState } from "preact/hooks";
import type { Policies } from "../../api/admin";
import { getReplay, type Replay as State } from "../../api/replay";
import { periodWindow } from "../../base/days";
import { count } from "../../base/number";
import { fromDateInput, toDateInput } from "../../base/time";
import { locale, t } from "../../i18n";
import { useEvery } from "../../state/every";
import { useResource } from "../../state/resource";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { TextField } from "../../ui/field";
import { Failure, Notice } from "../../ui/notice";
import { ReplayResult } from "./replayresult";

const LOOK_MS = 700;

interface Asked {
    first: string;
    last: string;
    turn: number; // the same question again is another one
}

/** The last day belongs to the question. */
function queryOf({ first, last }: Asked) {
    const day = fromDateInput(last);
    day?.setDate(day.getDate() + 1);
    return { from: first, to: day && toDateInput(day) };
}

export function Replay({ policies }: { policies: Policies | undefined }) {
    const now = Date.now();
    const [first, setFirst] = useState(toDateInput(periodWindow("30d", now).from));
    const [last, setLast] = useState(toDateInput(new Date(now)));
    const [asked, setAsked] = useState<Asked | null>(null);
    return (
        <Card title={t("replay.title")} note={t("replay.note")}>
            <div id="replay" class="flex flex-col gap-4">
                <form
                    class="flex flex-wrap items-end gap-3"
                    aria-label={t("replay.title")}
                    onSubmit={(event) => {
                        event.preventDefault();
                        setAsked({ first, last, turn: (asked?.turn ?? 0) + 1 });
                    }}
                >
                    <TextField
                        label={t("usage.first")}
                        type="date"
                        value={first}
                        max={last}
                        required
                        onValue={setFirst}
                    />
                    <TextField
                        label={t("usage.last")}
                        type="date"
                        value={last}
                        min={first}
                        required
                        onValue={setLast}
                    />
                    <Button kind="primary" type="submit">
                        {t("replay.compute")}
                    </Button>
                </form>
                {policies?.pending && <Notice tone="warn">{t("replay.pending")}</Notice>}
                {asked && (
                    <Answer key={asked.turn} asked={asked} inForce={policies?.revision ?? ""} />
                )}
            </div>
        </Card>
    );
}

function Answer({ asked, inForce }: { asked: Asked; inForce: string }) {
    const replay = useResource(`replay ${JSON.stringify(asked)}`, (signal) =>
        getReplay(queryOf(asked), signal),
    );
    const state = replay.data;
    useEvery(LOOK_MS, () => {
        if (!replay.isLoading && state?.state === "running") {
            replay.reload();
        }
    });
    if (replay.error) {
        return <Failure error={replay.error} retry={replay.reload} />;
    } else if (state?.error) {
        return (
            <Notice tone="bad" title={t("replay.failed")} isAlert>
                <pre class="mt-1.5 font-mono text-sm whitespace-pre-wrap">
                    {state.error.message}
                </pre>
            </Notice>
        );
    } else if (state?.answer) {
        return <ReplayResult answer={state.answer} inForce={inForce} />;
    }
    return <Progress state={state} />;
}

function Progress({ state }: { state: State | undefined }) {
    const [done, all] = [state?.records_done ?? 0, state?.records ?? 0];
    return (
        <p role="status" class="text-soft">
            {t("replay.running", { done: count(done, locale()), all: count(all, locale()) })}
        </p>
    );
}
