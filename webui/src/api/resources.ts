// The calls behind the customer's pages, one function each.
import { address, call, get, post, postOnce, type Query } from "./client";
import type {
    Balance,
    BudgetPeriod,
    Key,
    Model,
    Page,
    RefusedPage,
    RefusedRequest,
    RequestDetail,
    Site,
    Summary,
    Transfer,
    UsagePage,
} from "./types";
import { inZone, zone } from "./zone";

type Signal = AbortSignal | undefined;

export const getSite = () => get<Site>("/site");

export const getBalance = (signal?: Signal) => get<Balance>("/balance", {}, signal);
export const chargeCredits = (amount: string, key: string) =>
    postOnce<{ transfer?: Transfer; checkout_url?: string }>("/balance/charge", { amount }, key);
export const getTransfers = (query: Query, signal?: Signal) =>
    get<Page<Transfer>>("/transfers", query, signal);

export interface NewKey {
    name: string;
    expires_at?: string;
    budget?: string;
    budget_period?: BudgetPeriod;
    models?: string[];
}

/** Null takes a limit away; what is not there stays as it is. */
export interface KeyChange {
    name?: string;
    disabled?: boolean;
    expires_at?: string | null;
    budget?: string | null;
    budget_period?: BudgetPeriod | null;
    models?: string[] | null;
}

export const getKeys = async (signal?: Signal) =>
    (await get<{ data: Key[] }>("/keys", {}, signal)).data;
/** A key as it was made, or made anew: the text is never shown again. */
export interface Made {
    key: string;
    data: Key;
}

export const createKey = (form: NewKey) => post<Made>("/keys", form);
/** `last4`: of the secret that is meant, so that nobody replaces one that was just made. */
export const rotateKey = (id: string, grace_seconds: number, last4: string) =>
    post<Made>(`/keys/${encodeURIComponent(id)}/rotate`, { grace_seconds, last4 });
export const endOldSecrets = (id: string) =>
    call<Key>("DELETE", `/keys/${encodeURIComponent(id)}/rotate`);
export const changeKey = (id: string, change: KeyChange) =>
    call<Key>("PATCH", `/keys/${encodeURIComponent(id)}`, { body: change });
export const deleteKey = (id: string) => call<void>("DELETE", `/keys/${encodeURIComponent(id)}`);

/** Dates in a query, and days in an answer, are the viewer's. */
export const getUsage = (query: Query, signal?: Signal) =>
    inZone((tz) => get<UsagePage>("/usage", { ...query, tz }, signal));
export const getSummary = (query: Query, signal?: Signal) =>
    inZone((tz) => get<Summary>("/usage/summary", { ...query, tz }, signal));
export const getRefusals = (query: Query, signal?: Signal) =>
    inZone((tz) => get<RefusedPage>("/refusals", { ...query, tz }, signal));
/** In the last 24 hours, for want of money. */
export const getRefusedCount = async (signal?: Signal) =>
    (await get<{ count: number }>("/refusals/count", { status: 402 }, signal)).count;
export const getRequest = (id: string, signal?: Signal) =>
    get<RequestDetail | RefusedRequest>(`/usage/${encodeURIComponent(id)}`, {}, signal);
/** For <a download>: the browser streams it to a file. */
export const usageCsv = (query: Query) => address("/usage.csv", { ...query, tz: zone() });

export const getModels = async (signal?: Signal) =>
    (await get<{ data: Model[] }>("/models", {}, signal)).data;
/** For everybody. The browser keeps it, and asks whether it is still true. */
export const getPublicModels = async (signal?: Signal) =>
    (await call<{ data: Model[] }>("GET", "/prices", { cache: "no-cache", signal })).data;
