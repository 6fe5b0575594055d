// One call of the playground that is no conversation: what was asked, what came, what it took.
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, type Asked } from "../../api/playground";
import type { RequestDetail } from "../../api/types";
import { t } from "../../i18n";
import { announce } from "../../state/announce";
import { hurry } from "../../state/pulse";
import { type Ending, recordOf } from "./record";

export interface Outcome<T> {
    asked: Asked;
    state: "waiting" | "streaming" | Ending;
    value: T | null; // it may grow while it streams
    isKnown: boolean; // its answer has begun, so its record can be found
    record: RequestDetail | null;
    error: unknown;
}

/** Reads an answer; hands on what has come so far. */
export type Read<T> = (response: Response, onValue: (value: T) => void) => Promise<void>;

export interface Run<T> {
    outcome: Outcome<T> | null; // null: nothing was asked yet
    isRunning: boolean;
    start: (keyId: string, asked: Asked) => void;
    stop: () => void;
}

export function useRun<T>(read: Read<T>): Run<T> {
    const [outcome, setOutcome] = useState<Outcome<T> | null>(null);
    const control = useRef<AbortController | null>(null);
    useEffect(() => () => control.current?.abort(), []);

    const run = async (keyId: string, asked: Asked, mine: AbortController) => {
        const change = (changes: Partial<Outcome<T>>) =>
            setOutcome((before) => (before?.asked === asked ? { ...before, ...changes } : before));
        let requestId: string | null = null;
        let ending: Ending = "done";
        let failed: unknown = null;
        try {
            const response = await ask(keyId, asked, mine.signal);
            requestId = response.headers.get("x-request-id");
            change({ isKnown: requestId !== null });
            await read(response, (value) => change({ value, state: "streaming" }));
        } catch (error) {
            ending = mine.signal.aborted ? "stopped" : "failed";
            failed = ending === "failed" ? error : null;
        }
        control.current = null;
        change({ state: ending, error: failed });
        announce(t(`playground.${ending}`), false);
        hurry();
        const record = requestId ? await recordOf(requestId) : null;
        change({ record });
    };

    const start: Run<T>["start"] = (keyId, asked) => {
        const mine = new AbortController();
        control.current = mine;
        setOutcome({
            asked,
            state: "waiting",
            value: null,
            isKnown: false,
            record: null,
            error: null,
        });
        void run(keyId, asked, mine);
    };
    return {
        outcome,
        isRunning: outcome?.state === "waiting" || outcome?.state === "streaming",
        start,
        stop: () => control.current?.abort(),
    };
}
