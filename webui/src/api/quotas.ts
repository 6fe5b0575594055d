// Quotas: what a customer and its keys may use, what is left, and when it renews.
import { call, get, post } from "./client";

export type QuotaUnit = "requests" | "tokens" | "usd" | "concurrency";
export type QuotaPeriod = "minute" | "day" | "month";

export interface Quota {
    id: string | null; // of one that the dashboard has set
    scope: "user" | "key";
    key_id: string | null;
    key_name: string | null;
    unit: QuotaUnit;
    period: QuotaPeriod | null;
    models: string[] | null;
    amount: string | number; // usd: a text
    used: string | number | null; // null: not counted in the tables
    held: string | number | null; // by calls that run
    left: string | number | null; // neither used nor held
    resets_at: string | null;
    near: boolean;
    in_force: boolean; // false: its model is no longer sold by this name
    set_by: "policy" | "operator" | "customer";
}

export interface NewQuota {
    unit: QuotaUnit;
    period?: QuotaPeriod;
    amount: string | number;
    model?: string;
}

export const getQuotas = async (signal?: AbortSignal) =>
    (await get<{ data: Quota[] }>("/quotas", {}, signal)).data;
export const setQuota = (keyId: string, quota: NewQuota) =>
    post<unknown>("/quotas", { key_id: keyId, ...quota });
export const deleteQuota = (id: string) =>
    call<void>("DELETE", `/quotas/${encodeURIComponent(id)}`);

export const getCustomerQuotas = async (userId: string, signal?: AbortSignal) =>
    (await get<{ data: Quota[] }>("/admin/quotas", { user_id: userId }, signal)).data;
export const setCustomerQuota = (userId: string, quota: NewQuota) =>
    post<unknown>("/admin/quotas", { user_id: userId, ...quota });
export const deleteCustomerQuota = (id: string) =>
    call<void>("DELETE", `/admin/quotas/${encodeURIComponent(id)}`);
