// Invitations, and customers whom the operator makes.
import { call, get, post, type Query } from "./client";
import type { User } from "./account";
import type { Page } from "./types";

export interface Invitation {
    id: string;
    email: string | null; // null: whoever has the link
    mailed: boolean;
    group: string | null;
    credit: string | null;
    uses_max: number;
    uses: number;
    expires_at: string;
    created_at: string;
    created_by: string | null;
    revoked_at: string | null;
}

export interface NewInvitation {
    email?: string;
    uses?: number;
    group?: string;
    credit?: string;
    expires_at?: string;
    language?: string;
}

/** `url`: null if it was mailed. */
export interface MadeInvitation {
    invitation: Invitation;
    url: string | null;
}

export const getInvitations = (query: Query, signal?: AbortSignal) =>
    get<Page<Invitation>>("/admin/invitations", query, signal);
export const invite = (form: NewInvitation) => post<MadeInvitation>("/admin/invitations", form);
export const revokeInvitation = (id: string) =>
    call<Invitation>("DELETE", `/admin/invitations/${encodeURIComponent(id)}`);

export interface NewCustomer {
    email: string;
    name?: string;
    group?: string;
    language?: string;
}

export const makeCustomer = (form: NewCustomer) =>
    post<{ user: User; url: string; expires_at: string }>("/admin/users", form);
