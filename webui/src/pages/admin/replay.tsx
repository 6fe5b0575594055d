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
import { useWord } from "../../state/choice";
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
}

/** "2026-11-01..2026-11-30" in the address. */
function readAsked(text: string): Asked | null {
    const [, first, last] = /^(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})$/.exec(text) ?? [];
    return first && last ? { first, last } : null;
}

/** The last day belongs to the question. */
function queryOf({ first, last }: Asked) {
    const day = fromDateInput(last);
    day?.setDate(day.getDate() + 1);
    return { from: first, to: day && toDateInput(day) };
}

export function Replay({ policies }: { policies: Policies | undefined }) {
    const now = Date.now();
    const [question, ask] = useWord("replay");
    const [turn, setTurn] = useState(0); // the same question again is another one
    const asked = readAsked(question);
    const [first, setFirst] = useState(asked?.first ?? toDateInput(periodWindow("30d", now).from));
    const [last, setLast] = useState(asked?.last ?? toDateInput(new Date(now)));
    return (
        <Card title={t("replay.title")} note={t("replay.note")}>
            <div id="replay" class="flex flex-col gap-4">
                <form
                    class="flex flex-wrap items-end gap-3"
                    aria-label={t("replay.title")}
                    onSubmit={(event) => {
                        event.preventDefault();
                        ask(`${first}..${last}`);
                        setTurn(turn + 1);
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
                    <Answer
                        key={`${question} ${turn}`}
                        asked={asked}
                        turn={turn}
                        inForce={policies?.revision ?? ""}
                    />
                )}
            </div>
        </Card>
    );
}

function Answer({ asked, turn, inForce }: { asked: Asked; turn: number; inForce: string }) {
    const replay = useResource(`replay ${turn} ${JSON.stringify(asked)}`, (signal) =>
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
