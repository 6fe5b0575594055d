// What the call that is being written would cost at most, asked for once it rests.
import { useEffect, useState } from "preact/hooks";
import { type Asked, estimate } from "../../api/playground";
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
export function useQuote(keyId: string, call: Asked | null): Estimate | null {
    const [quoted, setQuoted] = useState<Quoted | null>(null);
    const isAsked = call !== null && !(call.body instanceof FormData);
    const asked = isAsked ? JSON.stringify({ keyId, call }) : "";
    const rested = useRested(asked, REST_MS);
    useEffect(() => {
        if (rested === "") {
            return;
        }
        const control = new AbortController();
        const { call, keyId } = JSON.parse(rested) as { call: Asked; keyId: string };
        estimate(keyId, call, control.signal)
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
    } else if (quote.max_tokens > 1 && quote.affordable_max_tokens < quote.max_tokens) {
        return t("playground.mostAvailable", { amount: exact(usd(quote.available)) });
    }
    return t("playground.most", { amount: exact(usd(quote.max_cost_exact)) });
}
