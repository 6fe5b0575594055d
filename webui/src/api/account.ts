// Who is signed in.
import type { Locale } from "../i18n";
import { call, get, post } from "./client";
import { ApiError } from "./error";

/** For pages only: the server decides (lua/dashboard/roles.lua). */
export type Permission =
    | "customers.read"
    | "customers.help"
    | "customers.manage"
    | "staff.manage"
    | "money.read"
    | "money.write"
    | "service.read"
    | "service.manage";

export const ROLES = ["user", "support", "billing", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** Who is signed in, and what the role may do. */
export interface Visitor {
    user: User;
    permissions: readonly Permission[];
}

export interface User {
    id: string;
    email: string;
    name: string | null;
    role: Role;
    group: string | null;
    disabled: boolean;
    created_at: string;
    email_verified_at: string | null;
    language: Locale; // of mails
}

export interface Credentials {
    email: string;
    password: string;
}

/** Null when nobody is signed in. */
export async function whoAmI(): Promise<Visitor | null> {
    try {
        return await get<Visitor>("/auth/me");
    } catch (error) {
        if (error instanceof ApiError && error.status === 401) {
            return null;
        }
        throw error;
    }
}

export const signUp = (form: Credentials & { name?: string; language: Locale }) =>
    post<Visitor>("/auth/signup", form);
export const signIn = (form: Credentials) => post<Visitor>("/auth/signin", form);
export const signOut = () => post<void>("/auth/signout", {});

export const changePassword = (form: { current_password: string; new_password: string }) =>
    post<void>("/auth/password", form);

export interface SignedIn {
    id: string;
    created_at: string;
    expires_at: string;
    address: string | null;
    agent: string | null;
    current: boolean;
}

export const getSessions = async (signal?: AbortSignal) =>
    (await get<{ data: SignedIn[] }>("/auth/sessions", {}, signal)).data;
export const endSession = (id: string) =>
    call<void>("DELETE", `/auth/sessions/${encodeURIComponent(id)}`);
export const endOtherSessions = () => call<void>("DELETE", "/auth/sessions");

/** Whose password the link sets. */
export const findLink = (token: string) =>
    post<{ email: string; expires_at: string }>("/auth/link", { token });
export const redeemLink = (form: { token: string; password: string }) =>
    post<Visitor>("/auth/link/password", form);
