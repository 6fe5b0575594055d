// What the user is told, and links that are mailed.
import type { Locale } from "../i18n";
import { call, get, post } from "./client";

export interface Webhook {
    url: string;
    created_at: string;
    delivered_at: string | null;
    failed_at: string | null; // since the last delivery
    error: string | null;
    disabled_at: string | null;
}

export interface Notices {
    language: Locale;
    email_verified_at: string | null;
    low_balance: string | null;
    receipts: boolean;
    key_expiry: boolean;
    quotas: boolean;
    mail_refused_at: string | null;
    mail_refused_why: string | null;
    webhook: Webhook | null;
}

export const getNotices = (signal?: AbortSignal) => get<Notices>("/notices", {}, signal);
export const changeNotices = (
    change: Partial<
        Omit<Notices, "email_verified_at" | "webhook" | "mail_refused_at" | "mail_refused_why">
    >,
) => call<Notices>("PATCH", "/notices", { body: change });

export const setWebhook = (url: string) =>
    post<{ secret: string; webhook: Webhook }>("/notices/webhook", { url });
export const deleteWebhook = () => call<void>("DELETE", "/notices/webhook");
export const testWebhook = () => post<unknown>("/notices/webhook/test", {});

/** Says nothing about whether there is an account with that address. */
export const forgotPassword = (email: string) => post<unknown>("/auth/forgot", { email });
export const verifyAddress = (token: string) => post<{ email: string }>("/auth/verify", { token });
export const sendVerification = () => post<unknown>("/auth/verify/send", {});
