// Live: while a page is visible, the gateway is asked each second whether anything has changed. That
// is cheap (it answers from memory, without a body); only a new version makes pages load again.
import { useEffect, useRef } from "preact/hooks";
import { failure, send } from "../api/client";
import type { Pulse } from "../api/types";
import { noteAvailable, pulse } from "./funds";
import { session } from "./session";

const EVERY_MS = 1000;
const AFTER_FAILURE_MS = 2000;

let etag: string | null = null;
let watchers = 0;
let timer = 0;

async function ask(): Promise<void> {
    const headers: Record<string, string> = etag && pulse.peek() ? { "If-None-Match": etag } : {};
    const response = await send("GET", "/api/pulse", { headers });
    if (response.ok) {
        const asked = session.peek();
        const answer = (await response.json()) as Pulse;
        if (asked === session.peek()) {
            etag = response.headers.get("etag");
            pulse.value = answer;
            noteAvailable(answer.available);
        }
    } else if (response.status !== 304) {
        throw await failure(response);
    }
}

function schedule(ms: number): void {
    clearTimeout(timer);
    timer = window.setTimeout(beat, ms);
}

async function beat(): Promise<void> {
    if (watchers === 0 || session.peek().state !== "user") {
        return;
    } else if (document.hidden) {
        return; // visibilitychange goes on
    }
    const next = await ask().then(
        () => EVERY_MS,
        () => AFTER_FAILURE_MS,
    );
    schedule(next);
}

/** At once: after something that this page has changed itself. */
export function hurry(): void {
    schedule(0);
}

document.addEventListener("visibilitychange", () => {
    if (!document.hidden) {
        hurry();
    }
});

session.subscribe(({ state }) => {
    if (state !== "user") {
        pulse.value = null;
        etag = null;
    }
});

/**
 * Keeps the pulse going while the component is there, and calls `onChange` when it has changed.
 * Where none was known before (funds.ts), the first counts as a change: what the page has loaded may
 * be older.
 */
export function usePulse(onChange: () => void): Pulse | null {
    const current = pulse.value;
    const version = current?.version;
    const seen = useRef(version);
    useEffect(() => {
        watchers++;
        hurry();
        return () => {
            watchers--;
        };
    }, []);
    useEffect(() => {
        if (version !== undefined && seen.current !== version) {
            onChange();
        }
        seen.current = version;
    }, [version]);
    return current;
}
