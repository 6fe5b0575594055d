// What a page has to say besides its content: hints, warnings, and calls that failed.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { ApiError, sentence } from "../api/error";
import { t } from "../i18n";
import { TONES, type Tone } from "./badge";
import { Button } from "./button";
import { Contact } from "./contact";
import { Icon } from "./icon";

interface NoticeProps {
    tone?: Tone;
    title?: string;
    children?: ComponentChildren;
    isAlert?: boolean; // said aloud at once
}

export function Notice({ tone = "plain", title, children, isAlert = false }: NoticeProps) {
    const icon = tone === "bad" || tone === "warn" ? "warning" : tone === "good" ? "check" : "info";
    return (
        <div
            class={`flex gap-3 rounded-xl border border-transparent px-4 py-3 ${TONES[tone]}`}
            role={isAlert ? "alert" : undefined}
        >
            <Icon name={icon} class="mt-0.5 size-5" />
            <div class="min-w-0 flex-1">
                {title && <p class="font-semibold">{title}</p>}
                {children}
            </div>
        </div>
    );
}

/** Errors whose sentence sends to the operator. */
const ASK: ReadonlySet<string> = new Set([
    "account_disabled",
    "key_disabled_by_operator",
    "mail_disabled",
    "payments_disabled",
    "policy_error",
]);

function needsOperator(error: unknown): boolean {
    return !(error instanceof ApiError) || error.status >= 500 || ASK.has(error.code);
}

const AGAIN_MS = 3000;

/** No answer, or one that says that it is only for now. */
function isPassing(error: unknown): boolean {
    return error instanceof ApiError && (error.status === 0 || error.status >= 502);
}

/** Tries again by itself, while somebody looks, what failed for reasons that pass. */
function useRetry(error: unknown, retry: (() => void) | undefined): void {
    const latest = useRef(retry);
    latest.current = retry;
    const isDue = isPassing(error) && retry !== undefined;
    useEffect(() => {
        const again = () => !document.hidden && latest.current?.();
        const timer = isDue ? setInterval(again, AGAIN_MS) : undefined;
        return () => clearInterval(timer);
    }, [isDue]);
}

/** A failed call as a sentence, with a way to try again where that makes sense. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
    useRetry(error, retry);
    if (!error) {
        return null;
    }
    const requestId = error instanceof ApiError ? error.requestId : null;
    return (
        <Notice tone="bad" isAlert>
            <p>{sentence(error)}</p>
            {needsOperator(error) && <Contact class="mt-0.5" />}
            {requestId && <p class="mt-0.5 text-sm">{t("error.reference", { id: requestId })}</p>}
            {retry && (
                <Button size="small" class="mt-2" onClick={retry}>
                    {t("action.retry")}
                </Button>
            )}
        </Notice>
    );
}
