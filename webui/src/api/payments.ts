// Payments by a processor: begun by customers on its page, and listed for both.
import { call, get, post, postOnce, type Query } from "./client";
import type { Page } from "./types";

export interface Offer {
    amount: string; // in its currency
    credit: string; // USD
}

export interface Currency {
    currency: string; // ISO 4217, lower case
    decimals: number;
    credit: string; // USD for one
    min: string;
    max: string;
    offers: Offer[];
}

/** What is charged by itself when the balance gets low. */
export interface TopUp {
    threshold: string; // USD
    currency: string;
    amount: string;
    credit: string;
    month_max: string;
    paused: string | null; // why
}

export interface PaymentOptions {
    processor: string;
    live: boolean;
    currencies: Currency[];
    automatic_top_ups: boolean;
    automatic_tax: boolean;
    has_portal: boolean;
    card: string | null; // its name, maybe ""; null: none is kept
    automatic: TopUp | null;
}

export const PAYMENT_STATES = [
    "open",
    "processing",
    "paid",
    "failed",
    "expired",
    "disagreed",
] as const;
export type PaymentState = (typeof PAYMENT_STATES)[number];

export interface Payment {
    id: string;
    origin: "checkout" | "automatic";
    currency: string;
    amount: string;
    credit: string;
    state: PaymentState;
    checkout_url: string | null;
    total: string | null;
    transfer_id: string | null;
    reversed: string; // USD that refunds and disputes have taken
    failure: string | null;
    created_at: string;
    paid_at: string | null;
}

export interface CustomerPayment extends Payment {
    processor: string;
    charge_id: string | null;
    user_id: string;
    email: string;
}

export interface NewPayment {
    currency: string;
    amount: string;
    save_card: boolean;
}

export const getPaymentOptions = (signal?: AbortSignal) =>
    get<PaymentOptions>("/payment-options", {}, signal);
export const beginPayment = (form: NewPayment, key: string) =>
    postOnce<Payment>("/balance/charge", form, key);
export const getPayment = (id: string, signal?: AbortSignal) =>
    get<Payment>(`/payments/${encodeURIComponent(id)}`, {}, signal);
export const getPayments = (query: Query, signal?: AbortSignal) =>
    get<Page<Payment>>("/payments", query, signal);
export const openPortal = () => post<{ url: string }>("/payment-portal", {});
export const setTopUp = (form: Omit<TopUp, "credit" | "paused">) =>
    call<TopUp>("PUT", "/payment-automatic", { body: form });
export const endTopUp = () => call<void>("DELETE", "/payment-automatic");
export const getAllPayments = (query: Query, signal?: AbortSignal) =>
    get<Page<CustomerPayment>>("/admin/payments", query, signal);
