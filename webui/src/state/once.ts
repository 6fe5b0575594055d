// A form that moves money names its try, so that sending it again, because no answer came, is not a second payment.
import { useRef } from "preact/hooks";
import { ApiError } from "../api/error";

/** Not crypto.randomUUID: that is missing where pages come by plain http. */
function newKey(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Refused: nothing was done, so what is sent next is something new. */
function isRefused(error: unknown): boolean {
    return (
        error instanceof ApiError &&
        error.status >= 400 &&
        error.status < 500 &&
        error.code !== "idempotency_in_progress"
    );
}

/** Sends with the same Idempotency-Key until there is an answer. */
export function useOnce(): <T>(send: (key: string) => Promise<T>) => Promise<T> {
    const key = useRef("");
    return async (send) => {
        key.current ||= newKey();
        try {
            const answer = await send(key.current);
            key.current = "";
            return answer;
        } catch (error) {
            if (isRefused(error)) {
                key.current = "";
            }
            throw error;
        }
    };
}
