// Calls of the account API (/api/...): JSON in and out, the session in a cookie that scripts cannot see.
import { noteAnswer, noteSilence } from "../state/connection";
import { ApiError, fromAnswer, offline } from "./error";
import { takeFirst } from "./first";

export type Query = Record<string, string | number | null | undefined>;

export interface Call {
    query?: Query;
    /** JSON, unless it is a form. */
    body?: unknown;
    headers?: Record<string, string>;
    /** By default the browser keeps nothing. */
    cache?: RequestCache;
    signal?: AbortSignal | undefined;
}

type Listener = () => void;
let whenSignedOut: Listener = () => undefined;

let whenRestricted: Listener = () => undefined;

/** Called when an answer says that a second factor must be set up first. */
export function onRestricted(listener: Listener): void {
    whenRestricted = listener;
}

/** Called when an answer says that the session is over. */
export function onSignedOut(listener: Listener): void {
    whenSignedOut = listener;
}

export function address(path: string, query: Query = {}): string {
    const known = Object.entries(query).filter(([, value]) => value != null && value !== "");
    const text = new URLSearchParams(
        known.map(([name, value]) => [name, String(value)]),
    ).toString();
    return "/api" + path + (text ? "?" + text : "");
}

/** The answer, good or bad; throws only when there was none (or the caller gave up). */
export async function send(method: string, url: string, how: Call = {}): Promise<Response> {
    const headers = { ...how.headers };
    const init: RequestInit = {
        method,
        headers,
        cache: how.cache ?? "no-store",
        signal: how.signal ?? null,
    };
    if (how.body instanceof FormData) {
        init.body = how.body; // the browser writes its type, with the boundary
    } else if (how.body !== undefined) {
        headers["Content-Type"] = "application/json";
        init.body = JSON.stringify(how.body);
    }
    try {
        const response = await ((method === "GET" && takeFirst(url)) || fetch(url, init));
        noteAnswer();
        return response;
    } catch (cause) {
        if (how.signal?.aborted) {
            throw cause;
        }
        noteSilence();
        throw offline();
    }
}

export async function failure(response: Response): Promise<ApiError> {
    const text = await response.text().catch(() => "");
    const error = fromAnswer(response.status, text, response.headers.get("x-request-id"));
    if (error.code === "not_signed_in") {
        whenSignedOut();
    } else if (error.code === "second_factor_required") {
        whenRestricted();
    }
    return error;
}

export async function call<T>(method: string, path: string, how: Call = {}): Promise<T> {
    const response = await send(method, address(path, how.query), how);
    if (!response.ok) {
        throw await failure(response);
    }
    return (response.status === 204 ? undefined : await response.json()) as T;
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) =>
    call<T>("GET", path, { query: query ?? {}, signal });
export const post = <T>(path: string, body: unknown) => call<T>("POST", path, { body });
/** Done once, however often it is sent with this key. */
export const postOnce = <T>(path: string, body: unknown, key: string) =>
    call<T>("POST", path, { body, headers: { "Idempotency-Key": key } });
