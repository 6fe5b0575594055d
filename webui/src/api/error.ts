// What can go wrong with a call, and the sentence that a person reads about it.
import { amountIn } from "../base/currency";
import { exact, usd } from "../base/money";
import { locale, t, textNamed } from "../i18n";

export interface ErrorBody {
    message: string;
    code: string | null;
    param: string | null;
    metadata?: Record<string, unknown>;
}

export class ApiError extends Error {
    override readonly name = "ApiError";

    constructor(
        readonly status: number, // 0: there was no answer
        readonly body: ErrorBody,
        readonly requestId: string | null = null,
    ) {
        super(body.message);
    }

    get code(): string {
        return this.body.code ?? "";
    }
}

export const OFFLINE = "offline";

/** The request never got an answer: no network, or the gateway is down. */
export function offline(): ApiError {
    return new ApiError(0, { message: "no answer", code: OFFLINE, param: null });
}

function bodyOf(json: unknown): ErrorBody | null {
    const error = (json as { error?: Partial<ErrorBody> } | null)?.error;
    if (typeof error?.message !== "string") {
        return null;
    }
    return { code: null, param: null, ...error, message: error.message };
}

export function fromAnswer(status: number, text: string, requestId: string | null): ApiError {
    let body: ErrorBody | null = null;
    try {
        body = bodyOf(JSON.parse(text));
    } catch {
        // A proxy in between answered with something else.
    }
    return new ApiError(status, body ?? { message: "", code: null, param: null }, requestId);
}

/** A sentence by the error's code; else the gateway's own words; else that something failed. */
export function sentenceOf(code: string, message: string): string {
    return textNamed(`error.${code}`) ?? (message || t("error.unexpected"));
}

/** The limits of an amount, in whole numbers and all decimals, however many. */
function limitsOf({ most, least, currency, above_zero }: Record<string, unknown>): string | null {
    if (typeof most !== "string") {
        return null;
    }
    if (typeof least === "string" && typeof currency === "string") {
        const text = (amount: string) => amountIn(currency, amount, locale());
        return t("limits.amountBetween", { least: text(least), most: text(most) });
    }
    const amount = exact(usd(most)).replace(/\.00$/, "");
    return above_zero === true
        ? t("limits.amountAbove", { most: amount })
        : t("limits.amountMost", { most: amount });
}

/** An amount's limits, or why a password is weak: by what the answer says besides its code. */
function preciseSentence({ code, body: { metadata = {} } }: ApiError): string | null {
    const reason = String(metadata["reason"]);
    return code === "invalid_amount"
        ? limitsOf(metadata)
        : code === "weak_password"
          ? textNamed(`weakness.${reason}`)
          : null;
}

export function sentence(error: unknown): string {
    const seconds = error instanceof ApiError && error.body.metadata?.["retry_after_seconds"];
    if (typeof seconds === "number") {
        return t("error.rate_limit_seconds", { n: seconds });
    }
    return error instanceof ApiError
        ? (preciseSentence(error) ?? sentenceOf(error.code, error.message))
        : t("error.unexpected");
}
