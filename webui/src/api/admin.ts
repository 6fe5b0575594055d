// The calls behind the operator's pages (role admin).
import type { User } from "./account";
import { address, call, get, post, postOnce, type Query } from "./client";
import type {
    Balance,
    CallAttempt,
    ChargeLine,
    Key,
    Page,
    Prices,
    RefusedPage,
    RefusedRequest,
    RequestDetail,
    Tokens,
    Transfer,
    Units,
    UsagePage,
} from "./types";
import { inZone, zone } from "./zone";

type Signal = AbortSignal | undefined;

const id = encodeURIComponent;

// ---- the business ----

export interface FirstByte {
    count: number;
    p50: number | null;
    p95: number | null;
}

/** How long answers took: until they began, or until they ended. */
export interface Times extends FirstByte {
    mean: number | null;
    p90: number | null;
}

export interface Live {
    now: string;
    started_at: string;
    version: string;
    workers: number;
    requests_open: number;
    requests_waiting: number;
    streams_open: number;
    holds_open: number;
    held: string;
    database_writable: boolean;
    rate_s: number;
    rate_requests: number;
    window_s: number; // of what follows
    requests: number;
    client_errors: number;
    server_errors: number;
    first_byte_ms: FirstByte;
}

export interface SalesSums extends Tokens {
    units?: Units;
    requests: number;
    errors: number;
    revenue: string;
    refunded: string;
    cost: string;
    overrun: string;
    profit: string;
}

export interface SalesRow extends SalesSums {
    day?: string;
    model?: string;
    provider?: string | null;
    group?: string | null; // null: of customers without one
    customer?: { id: string; email: string; name: string | null };
}

export interface Sales {
    data: SalesRow[];
    totals: SalesSums;
}

export const getLive = (signal?: Signal) => get<Live>("/admin/live", {}, signal);
export const getSales = (query: Query, signal?: Signal) =>
    inZone((tz) => get<Sales>("/admin/sales", { ...query, tz }, signal));
/** For <a download>, like the next ones. */
export const salesCsv = (query: Query) => address("/admin/sales.csv", { ...query, tz: zone() });
export const statementCsv = (month: string) =>
    address("/admin/statement.csv", { month, tz: zone() });

// ---- the search ----

export type HitKind = "customer" | "key" | "payment" | "request" | "transfer" | "voucher";

export interface Hit {
    kind: HitKind;
    id: string;
    label: string | null;
    amount: string | null;
    at: string | null;
    user_id: string | null;
    email: string | null;
    name: string | null;
}

export interface Found {
    data: Hit[];
    exact: boolean; // one thing, and the only one
}

/** What is typed may be a key, so it goes in a body. */
export const find = (text: string, signal?: Signal) =>
    call<Found>("POST", "/admin/search", { body: { text }, signal });

// ---- customers ----

export interface Customer extends User {
    balance: string;
    held: string;
    total_credits: string;
    total_usage: string;
    requests: number;
    last_used_at: string | null;
}

export interface CustomerDetail extends Customer, Balance {
    keys: number;
    notes: number;
}

export interface Attempt extends CallAttempt {
    model: string;
    outcome: string;
    status: number | null;
    words: string | null; // the provider's
}

export interface AdminRefused extends RefusedRequest {
    user_id: string;
    email: string;
}

/** What went once more to another candidate. Without an outcome it runs, or was never finished. */
export interface CallShadow {
    id: string;
    provider: string;
    provider_model: string;
    outcome: string | null;
    cost: string;
    total_ms: number;
}

/** The second request of a call; `outcome`, `provider` and `cost` are of the attempt that did not answer. */
export interface CallHedge {
    id: string;
    asked: string;
    asked_model: string;
    won: boolean | null;
    outcome: string | null;
    provider: string | null;
    cost: string;
    billed_unseen: boolean;
    total_ms: number;
}

export interface AdminRequest extends RequestDetail {
    attempt_list: Attempt[];
    user_id: string;
    email: string;
    provider_model: string | null;
    policy_revision: string;
    canary: boolean; // the model's canary has answered
    canary_attempts: number;
}

/** The same for those who may see our money (money.read). */
export interface AuditedRequest extends AdminRequest {
    margin: string;
    cost_lines: ChargeLine[];
    shadow: CallShadow | null;
    hedge: CallHedge | null;
    stated_cost: string | null; // by the provider; null: it said nothing that is believed
    computed_cost: string | null; // by our own prices, beside the stated one
    provider_cost: string;
    overrun: string;
    profit: string;
}

export const getCustomers = (query: Query, signal?: Signal) =>
    get<Page<Customer>>("/admin/users", query, signal);
export const getCustomer = (userId: string, signal?: Signal) =>
    get<CustomerDetail>(`/admin/users/${id(userId)}`, {}, signal);
export const changeCustomer = (
    userId: string,
    change: { disabled?: boolean; group?: string; role?: User["role"]; reason?: string },
) => call<User>("PATCH", `/admin/users/${id(userId)}`, { body: change });
export const getGroups = async (signal?: Signal) =>
    (await get<{ data: string[] }>("/admin/groups", {}, signal)).data;
export const makePasswordLink = (userId: string) =>
    post<{ url: string; expires_at: string }>("/admin/password-links", { user_id: userId });
export const unlockCustomer = (userId: string) => post<User>("/admin/unlocks", { user_id: userId });
export const endCustomerSessions = (userId: string) =>
    call<void>("DELETE", `/admin/sessions/${id(userId)}`);
export const removeSecondFactor = (userId: string) =>
    call<void>("DELETE", `/admin/second-factors/${id(userId)}`);
export const customerData = (userId: string) => `/api/admin/data/${id(userId)}`;
export const eraseCustomer = (userId: string, form: { email: string; forfeit: boolean }) =>
    post<User>(`/admin/erase/${id(userId)}`, form);
export const getCustomerKeys = async (userId: string, signal?: Signal) =>
    (await get<{ data: Key[] }>("/admin/keys", { user_id: userId }, signal)).data;
export const changeCustomerKeys = (
    userId: string,
    change: { disabled: boolean; reason?: string },
) =>
    call<{ keys: number }>("PATCH", `/admin/user-keys/${encodeURIComponent(userId)}`, {
        body: change,
    });
export const changeCustomerKey = (keyId: string, change: { disabled: boolean; reason?: string }) =>
    call<Key>("PATCH", `/admin/keys/${id(keyId)}`, { body: change });
export const getCustomerUsage = (query: Query, signal?: Signal) =>
    get<UsagePage>("/admin/usage", query, signal);
export const customerUsageCsv = (userId: string) =>
    address("/admin/usage.csv", { user_id: userId, tz: zone() });
export const getCustomerRefusals = (query: Query, signal?: Signal) =>
    get<RefusedPage>("/admin/refusals", query, signal);
export const getCustomerTransfers = (query: Query, signal?: Signal) =>
    get<Page<Transfer>>("/admin/transfers", query, signal);
export const getAnyRequest = (requestId: string, signal?: Signal) =>
    get<AdminRequest | AuditedRequest | AdminRefused>(`/admin/usage/${id(requestId)}`, {}, signal);

export interface Moved {
    transfer: Transfer;
    balance: string;
}

export interface Debited {
    amount: string;
    taken: string;
    owed: string;
    balance: string;
}

interface CreditForm {
    user_id: string;
    amount: string;
    reason: string;
    kind: "manual" | "promotion";
}

export const giveCredit = (form: CreditForm, key: string) =>
    postOnce<Moved>("/admin/credits", form, key);
export const takeCredit = (form: Omit<CreditForm, "kind">, key: string) =>
    postOnce<Debited>("/admin/debits", form, key);
export const refund = (
    form: { exchange_id: string; amount?: string; reason: string },
    key: string,
) => postOnce<Moved>("/admin/refunds", form, key);

// ---- the gateway ----

export interface Policies {
    revision: string;
    loaded_at: string;
    folder: string;
    files: { name: string; bytes: number; sha256: string }[];
    models: number;
    pending: boolean; // the files were written since they were loaded
    refused: { at: string; file: string | null; line: number | null; reason: string } | null;
}

export interface PriceRow {
    model: string;
    name: string;
    place: number | null; // null: of no candidate of the list
    trial: "canary" | "shadow" | null;
    share: string | null; // of a trial
    provider: string | null;
    upstream_model: string | null;
    available: boolean;
    unavailable_reason: string | null;
    margin: string | null; // at the plain prices
    /** Where there are rules: also under each of them, the lowest first. */
    margins: { when: string | null; margin: string; loss: string | null }[];
    margin_error: string | null;
    buy: Prices | null;
    sell: Prices | null;
    when: string[];
}

export type Health = "ok" | "degraded" | "down" | "idle" | "unavailable";
export type Outcome = "connect" | "reset" | "timeout" | "429" | "5xx" | "auth" | "garbled" | "cut";

/** A model of a provider that was asked lately, or is not to be asked. */
export interface ModelHealth {
    model: string;
    breaker: "closed" | "open" | "half_open";
    open_until: string | null;
    paused_until: string | null; // for a rate limit of the provider's
    calls: number;
    failures: number;
    first_byte_ms: Times;
    total_ms: Times;
    tokens_per_s: number | null; // of its answers, from the request's start
}

export interface ProviderLimit {
    limit: number | null;
    remaining: number | null;
    reset_ms: number | null;
}

export interface Provider {
    name: string;
    dialect: string;
    base_url: string | null;
    available: boolean;
    unavailable_reason: string | null;
    models: number;
    /** The last characters of each of its keys; "": a short one. */
    keys: string[];
    health: Health;
    attempts: number;
    failures: number;
    first_byte_ms: FirstByte;
    last_success_at: string | null;
    /** Since the gateway's start: what became of the token counts of its answers. */
    usage: { reported: number; corrected: number; missing: number; excessive: number };
    /** Since the start: how often it was asked second, and answered first. */
    hedges: { asked: number; won: number };
    /** The last seconds, and what is not asked now. */
    recent: {
        window_s: number;
        calls: number;
        failures: number;
        account_refused_until: string | null;
        models: ModelHealth[];
        left_out: number;
    };
    /** What it says of our account; null: it is not asked. */
    balance: {
        asked_at: string | null;
        kind: "left" | "billed" | null;
        amount: string | null;
        alarm: string | null;
        error: string | null;
    } | null;
    /** USD since midnight UTC; cap null: there is none. */
    /** Null for who may not see our money. */
    spending: { today: string; reserved: string; cap: string | null } | null;
    /** What it has said last of its limits on us; null: nothing. */
    rate_limits: { at: string; requests: ProviderLimit; tokens: ProviderLimit } | null;
    /** What its server has said of its models; null: it is not asked. */
    contexts: {
        asked_at: string | null;
        error: string | null;
        models: {
            model: string;
            context_length: number | null;
            trained_context_length: number | null;
        }[];
        left_out: number;
    } | null;
    last_error: {
        at: string;
        outcome: Outcome;
        status: number | null;
        detail: string;
        request_id: string | null; // null: a test call
    } | null;
}

export interface Act {
    id: number;
    at: string;
    actor: { kind: "cli" | "admin" | "user"; id: string | null; email: string | null };
    action: string;
    target: { user_id: string | null; email: string | null; id: string | null };
    address: string | null;
    detail: Record<string, string | boolean | null>;
}

export interface Alert {
    id: string;
    kind: string;
    severity: "warning" | "critical";
    subject: string;
    title: string;
    detail: string;
    advice: string;
    opened_at: string;
    closed_at: string | null;
    last_at: string;
    count: number;
    told_at: string | null;
}

export interface Message {
    id: string;
    kind: "webhook" | "mail";
    destination: string;
    created_at: string;
    next_try_at: string | null;
    tries: number;
    state: "waiting" | "given_up";
    error: string | null;
}

export interface AlertList {
    open: Alert[];
    closed: Alert[];
    undelivered: Message[];
    receivers: { webhook: boolean; mail: string[] };
}

export interface ProviderAttempt {
    request_id: string;
    number: number;
    model: string;
    outcome: string;
    status: number | null;
    at: string;
    duration_ms: number;
    words: string;
    test: boolean; // a test call: no customer's
}

/** What came of a test call of a provider. */
export interface TestCall {
    id: string;
    model: string;
    provider: string;
    provider_model: string;
    outcome: string; // "answered", or why not
    words: string | null; // the provider's, about a failure
    status: number | null;
    finish_reason: string | null;
    input_tokens: number;
    output_tokens: number;
    cost: string;
    billed_unseen: boolean;
    total_ms: number;
}

/** `key`: its place in the provider's pool, from 1. */
export interface TestAsk {
    provider: string;
    model: string | null;
    key: number | null;
    stream: boolean;
}

export const testProvider = (asked: TestAsk) => post<TestCall>("/admin/providers/test", asked);
export const getAlerts = (signal?: Signal) => get<AlertList>("/admin/alerts", {}, signal);
export const sendTestMessage = () => post("/admin/alerts/test", {});
export const getProviderAttempts = (provider: string, which: "failed" | "all", signal?: Signal) =>
    get<{ data: ProviderAttempt[] }>("/admin/attempts", { provider, which }, signal);

export const getPolicies = (signal?: Signal) => get<Policies>("/admin/policies", {}, signal);
export const getPrices = (query: Query, signal?: Signal) =>
    get<Page<PriceRow>>("/admin/prices", query, signal);
export const getProviders = (signal?: Signal) =>
    get<{ window_s: number; data: Provider[] }>("/admin/providers", {}, signal);
export const getAudit = (query: Query, signal?: Signal) =>
    inZone((tz) => get<Page<Act>>("/admin/audit", { ...query, tz }, signal));
export const auditCsv = (query: Query) => address("/admin/audit.csv", { ...query, tz: zone() });
