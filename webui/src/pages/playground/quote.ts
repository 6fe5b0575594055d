// What the message that is being written would cost at most, asked for once it rests.
import { useEffect, useState } from "preact/hooks";
import { estimate } from "../../api/chat";
import type { Message } from "../../api/chat";
import type { Estimate } from "../../api/types";
import { exact, usd } from "../../base/money";
import { t } from "../../i18n";
import { useRested } from "../../state/debounce";

const REST_MS = 300;

interface Quoted {
    asked: string;
    answer: Estimate | null;
}

/** Null while nothing is written, the answer is on its way, or there is none: sending tells why. */
export function useQuote(keyId: string, model: string, messages: Message[]): Estimate | null {
    const [quoted, setQuoted] = useState<Quoted | null>(null);
    const isWritten = model !== "" && (messages.at(-1)?.content.trim() ?? "") !== "";
    const asked = isWritten ? JSON.stringify({ keyId, model, messages }) : "";
    const rested = useRested(asked, REST_MS);
    useEffect(() => {
        if (rested === "") {
            return;
        }
        const control = new AbortController();
        const body = JSON.parse(rested) as { keyId: string; model: string; messages: Message[] };
        estimate(
            body.keyId,
            { model: body.model, messages: body.messages, stream: true },
            control.signal,
        )
            .catch(() => null)
            .then((answer) => {
                if (!control.signal.aborted) {
                    setQuoted({ asked: rested, answer });
                }
            });
        return () => control.abort();
    }, [rested]);
    return quoted !== null && quoted.asked === asked ? quoted.answer : null;
}

/** A sentence; never less than what may be charged. */
export function quoteText(quote: Estimate): string {
    if (!quote.affordable) {
        return t("playground.mostRefused", { amount: exact(usd(quote.max_cost_exact)) });
    } else if (quote.affordable_max_tokens < quote.max_tokens) {
        return t("playground.mostAvailable", { amount: exact(usd(quote.available)) });
    }
    return t("playground.most", { amount: exact(usd(quote.max_cost_exact)) });
}
