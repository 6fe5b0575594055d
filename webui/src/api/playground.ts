// The playground's calls: to any endpoint, with the session instead of a key; and what one would cost.
import { EventReader } from "../base/sse";
import { address, call, failure, send } from "./client";
import { ApiError } from "./error";
import type { Estimate } from "./types";

export interface Asked {
    path: string; // below a mount of the API
    body: object | FormData;
}

const SMALL_BYTES = 60_000; // a larger body is read only with a pass
const BYTES_A_CHARACTER = 3; // at most, in UTF-8; what is outside of it has two places in a string
const BYTES_A_FIELD = 1000;

function bytesOf(body: Asked["body"]): number {
    if (!(body instanceof FormData)) {
        return JSON.stringify(body).length * BYTES_A_CHARACTER;
    }
    return [...body.values()]
        .map((value) => (typeof value === "string" ? value.length * BYTES_A_CHARACTER : value.size))
        .reduce((sum, bytes) => sum + bytes + BYTES_A_FIELD, 0);
}

async function passOf(keyId: string, signal: AbortSignal): Promise<Record<string, string>> {
    const how = { query: { key_id: keyId }, body: {}, signal };
    const { pass } = await call<{ pass: string }>("POST", "/playground/pass", how);
    return { "x-body-pass": pass };
}

/** A good answer. Throws an ApiError for what went wrong, an AbortError when stopped. */
export async function ask(keyId: string, asked: Asked, signal: AbortSignal): Promise<Response> {
    const isLarge = bytesOf(asked.body) > SMALL_BYTES;
    const headers = isLarge ? await passOf(keyId, signal) : {};
    const url = address("/playground" + asked.path, { key_id: keyId });
    const response = await send("POST", url, { body: asked.body, headers, signal });
    if (!response.ok) {
        throw await failure(response);
    }
    return response;
}

export function isStream(response: Response): boolean {
    return response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
}

interface FailedEvent {
    error?: { message: string; code?: string | null } | null;
}

/** The events of a stream, one after the other. Throws an ApiError for an event that says one. */
export async function readEvents<Event extends object>(
    response: Response,
    onEvent: (event: Event) => void,
): Promise<void> {
    const take = (data: string) => {
        const event = JSON.parse(data) as Event & FailedEvent;
        if (event.error) {
            const { message, code = null } = event.error;
            throw new ApiError(200, { message, code, param: null });
        }
        onEvent(event);
    };
    const events = new EventReader();
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true, value: "" };
        if (done) {
            return;
        }
        events
            .feed(value)
            .filter((data) => data !== "[DONE]")
            .forEach(take);
    }
}

/** What the call would cost at most, and whether it would pass now. */
export function estimate(keyId: string, { path, body }: Asked, signal: AbortSignal) {
    const behind = path === "/chat/completions" ? "" : path;
    return call<Estimate>("POST", "/playground/estimate" + behind, {
        query: { key_id: keyId },
        body,
        signal,
    });
}
