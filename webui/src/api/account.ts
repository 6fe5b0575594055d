// Who is signed in.
import type { Locale } from "../i18n";
import { call, get, post } from "./client";
import { ApiError } from "./error";

export interface User {
    id: string;
    email: string;
    name: string | null;
    role: "user" | "admin";
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
export async function whoAmI(): Promise<User | null> {
    try {
        return (await get<{ user: User }>("/auth/me")).user;
    } catch (error) {
        if (error instanceof ApiError && error.status === 401) {
            return null;
        }
        throw error;
    }
}

export const signUp = async (form: Credentials & { name?: string; language: Locale }) =>
    (await post<{ user: User }>("/auth/signup", form)).user;
export const signIn = async (form: Credentials) =>
    (await post<{ user: User }>("/auth/signin", form)).user;
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
export const redeemLink = async (form: { token: string; password: string }) =>
    (await post<{ user: User }>("/auth/link/password", form)).user;
