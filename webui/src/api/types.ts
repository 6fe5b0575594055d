// What the API answers with, as pages share it. Amounts are decimal strings; see base/money.ts.

export interface Page<T> {
    data: T[];
    next_cursor: string | null;
}

/** Tokens by kind. Input excludes what the provider had cached; output includes reasoning. */
export interface Tokens {
    input_tokens: number;
    cached_input_tokens: number;
    output_tokens: number;
    reasoning_tokens: number;
}

/** Quantities of units that plain tokens do not tell; parts of prompt and answer are in both. */
export type Units = Partial<Record<Unit, number>>;

export interface Sums extends Tokens {
    units?: Units; // absent where there are none
    requests: number;
    errors: number;
    cost: string;
}

export interface SummaryRow extends Sums {
    day?: string;
    model?: string;
    key_id?: string | null;
    key_name?: string | null;
}

export interface Summary {
    data: SummaryRow[];
    totals: Sums;
}

export interface UsageRecord extends Tokens {
    id: string;
    created_at: string;
    model: string;
    provider: string | null;
    key_id: string | null;
    key_name: string | null;
    status: number;
    stream: boolean;
    cost: string;
    usage_source: "none" | "reported" | "corrected" | "measured" | "estimated" | "partial";
    finish_reason: string | null;
    error_code: string | null;
    attempts: number;
    first_byte_ms: number | null;
    total_ms: number;
}

/** A call that was refused before there was anything to be charged. */
export interface RefusedRequest extends UsageRecord {
    refused: true;
    path: string;
}

export interface RefusedPage extends Page<RefusedRequest> {
    left_out: number; // of that time, which were too many to be kept
}

export interface UsagePage extends Page<UsageRecord> {
    totals: Sums | null;
}

export type Unit =
    | "input"
    | "cached_input"
    | "output"
    | "cache_write"
    | "cache_write_long"
    | "audio_input"
    | "image_input"
    | "reasoning"
    | "audio_output"
    | "image_output"
    | "web_search"
    | "request"
    | "cached_audio_input"
    | "cached_image_input"
    | "image"
    | "second"
    | "character"
    | "page"
    | "session"
    | "file_search"
    | "maps_search";

export interface ChargeLine {
    kind: Unit;
    quantity: number;
    price: string; // USD per `per`
    per: 1 | 1_000_000;
    amount: string; // exact
}

export const CONDITIONS = [
    "service_tier",
    "speed",
    "region",
    "choice",
    "search_context",
    "size",
    "quality",
    "resolution",
] as const;

/** What decided the prices of a call; only what was said. */
export type Conditions = { [name in (typeof CONDITIONS)[number]]?: string };

/** One try at a provider, as its customer sees it. */
export interface CallAttempt {
    number: number;
    provider: string | null; // null: the operator does not show it
    class: "refused" | "unknown" | "answered" | null; // unknown: it may have been billed
    created_at: string;
    duration_ms: number;
}

export interface RequestDetail extends UsageRecord {
    attempt_list: CallAttempt[]; // where one of them failed, or two were asked
    ended_at: string;
    hold: string;
    refunded: string;
    conditions: Conditions;
    charge: {
        by: "units" | "cost"; // cost: what the provider charged, and a margin; there are no lines
        lines: ChargeLine[];
        exact: string;
        rounding: string;
        price: string;
        covered: string;
        charged: string;
    };
}

export type BudgetPeriod = "day" | "week" | "month";

export interface Key {
    id: string;
    name: string;
    prefix: string;
    last4: string;
    created_at: string;
    last_used_at: string | null;
    expires_at: string | null;
    disabled: boolean;
    disabled_by: "owner" | "operator" | null;
    budget: string | null;
    budget_period: BudgetPeriod | null; // null: the budget is for ever
    period_spent: string | null;
    remaining: string | null; // of the budget, now
    resets_at: string | null;
    spent: string; // ever
    models: string[] | null;
    requests: number;
    abandoned: number; // of them, those whose client left before the answer was whole
    old_secrets: OldSecret[]; // that were replaced and still work
}

export interface OldSecret {
    prefix: string;
    last4: string;
    replaced_at: string;
    works_until: string;
}

export interface Balance {
    balance: string;
    held: string;
    available: string;
    owed: string; // after a correction of what was not there; blocks calls until it is paid
}

/** The version changes whenever something has happened. */
export interface Pulse extends Balance {
    version: string;
}

export interface Transfer {
    id: string | null;
    kind:
        | "manual"
        | "test"
        | "promotion"
        | "payment"
        | "refund"
        | "reinstatement"
        | "charge"
        | "debit"
        | "repayment";
    amount: string;
    balance: string | null;
    reason: string | null;
    exchange_id: string | null;
    created_at: string;
}

/** USD per million tokens, or for one; the usual three are always there. */
export type Prices = { input: string; cached_input: string; output: string } & Partial<
    Record<Unit, string>
> & { conditions?: PriceCondition[] };

/** Applies when all of `when` holds; prices, or a factor of all prices. */
export interface PriceCondition {
    when: {
        prompt_above?: number;
        service_tier?: string;
        speed?: string;
        region?: string;
        choice?: string;
        search_context?: string;
        size?: string;
        quality?: string;
        resolution?: string;
        hours?: string; // "16:30-00:30", local
        weekdays?: number[]; // 1 is Monday
        zone?: string;
        from?: string;
        until?: string;
    };
    prices?: Partial<Record<Unit, string>>;
    factor?: string;
}

export interface Model {
    id: string;
    name: string;
    owned_by: string;
    created: number;
    /** null: neither the operator nor its server has said it. */
    context_length: number | null;
    max_output_tokens: number;
    available: boolean;
    capabilities: string[];
    /** Paths: a model may be sold for something else than conversations. */
    supported_endpoints: string[];
    pricing: Prices;
}

export interface Site {
    version: string;
    public_url: string;
    public_url_set: boolean; // by the operator
    base_url: string;
    payments: "test" | "stripe" | "off";
    payments_are_fake: boolean;
    public_prices: boolean;
    docs: "off" | "public" | "signed_in";
    mail: boolean;
    email_verification: boolean;
    second_factor: "optional" | "operators" | "all"; // who needs one
    verification_required: boolean;
    sign_up: "open" | "invitation" | "closed";
    sign_up_domains: string[]; // empty: all
    sign_up_proof_bits: number; // 0: no proof of work is asked
    sign_up_credit: string | null;
    terms_url: string | null;
    terms_version: string | null; // null without terms
    privacy_url: string | null;
    customer_webhooks: boolean;
    password: { chars_min: number; bytes_max: number };
    limits: {
        name_bytes_max: number;
        keys_max: number;
        key_models_max: number;
        charge_usd_max: number;
        budget_usd_max: number;
    };
}

/** What a call would cost at most; docs/openapi.yaml has all members. */
export interface Estimate {
    max_cost_exact: string;
    max_tokens: number;
    affordable: boolean;
    available: string;
    affordable_max_tokens: number;
}
