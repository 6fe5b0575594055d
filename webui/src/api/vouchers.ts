// Vouchers: redeemed by customers, made by the operator.
import { address, call, get, post, type Query } from "./client";
import type { Page, Transfer } from "./types";
import { zone } from "./zone";

export const redeemVoucher = (code: string) =>
    post<{ transfer: Transfer; balance: string }>("/balance/voucher", { code });

export interface VoucherBatch {
    id: string;
    name: string;
    amount: string; // of each code
    kind: "manual" | "promotion";
    group: string | null;
    expires_at: string | null;
    count: number;
    redeemed: number;
    created_at: string;
    withdrawn_at: string | null;
}

export interface NewVouchers {
    name: string;
    amount: string;
    count: number;
    kind: VoucherBatch["kind"];
    group?: string;
    expires_at?: string;
}

export const getVouchers = (query: Query, signal?: AbortSignal) =>
    get<Page<VoucherBatch>>("/admin/vouchers", query, signal);
export const makeVouchers = (form: NewVouchers) => post<VoucherBatch>("/admin/vouchers", form);
export const withdrawVouchers = (id: string) =>
    call<VoucherBatch>("PATCH", `/admin/vouchers/${encodeURIComponent(id)}`, {
        body: { withdrawn: true },
    });
/** For <a download>. */
export const voucherCodes = (id: string) =>
    address(`/admin/voucher-codes/${encodeURIComponent(id)}`, { tz: zone() });
