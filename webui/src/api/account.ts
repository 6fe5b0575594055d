// Who is signed in.
import type { Locale } from "../i18n";
import { call, get, post } from "./client";
import { ApiError } from "./error";
import type { Pulse } from "./types";

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
    mail_refused_at: string | null; // its mails were refused for good, or came back
    mail_refused_why: string | null;
    language: Locale; // of mails
    second_factor: boolean;
    erased_at: string | null;
    must_verify: boolean; // before anything else, where the site requires it
    terms_version: string | null; // accepted last
    terms_accepted_at: string | null;
}

export interface Credentials {
    email: string;
    password: string;
}

/** Whether somebody is signed in, with the money there is then, unless a second factor is missing. */
export const getSession = () =>
    get<{ user: null } | (Visitor & { balance?: Pulse; low_balance?: string | null })>(
        "/auth/session",
    );

export interface NewAccount extends Credentials {
    name?: string;
    language: Locale;
    invitation?: string;
    accept_terms?: boolean;
    proof?: string;
}

export const signUp = (form: NewAccount) => post<Visitor>("/auth/signup", form);

/** What an invitation is for. */
export interface Invited {
    email: string | null;
    credit: string | null;
    expires_at: string;
}

/** What stands behind the # of a link that the gateway has made: else it was cut or mistyped. */
function isToken(token: string): boolean {
    return /^[\w-]{43}$/.test(token);
}

/** Asks what a link is for; nobody needs to be asked about one that cannot be good. */
async function findByToken<T>(path: string, token: string, code: string): Promise<T> {
    if (!isToken(token)) {
        throw new ApiError(404, { message: "", code, param: "token" });
    }
    return post<T>(path, { token });
}

export const findInvitation = (token: string) =>
    findByToken<Invited>("/auth/invitation", token, "invitation_invalid");
export const getChallenge = () =>
    get<{ challenge: string; bits: number; expires_at: string }>("/auth/challenge");
export const acceptTerms = (version: string) => post<Visitor>("/auth/terms", { version });
export const signIn = (form: Credentials) => post<Visitor>("/auth/signin", form);
/** The second step, with the token of the first one's refusal. */
export const signInByCode = (form: { token: string; code: string }) =>
    post<Visitor>("/auth/signin/code", form);
export const signOut = () => post<void>("/auth/signout", {});

export const changePassword = (form: { current_password: string; new_password: string }) =>
    post<void>("/auth/password", form);

export interface SignedIn {
    id: string;
    created_at: string;
    expires_at: string;
    address: string | null;
    agent: string | null;
    seen_at: string;
    current: boolean;
}

export const getSessions = async (signal?: AbortSignal) =>
    (await get<{ data: SignedIn[] }>("/auth/sessions", {}, signal)).data;
export const endSession = (id: string) =>
    call<void>("DELETE", `/auth/sessions/${encodeURIComponent(id)}`);
export const endOtherSessions = () => call<void>("DELETE", "/auth/sessions");

export const signOutEverywhere = () => post<void>("/auth/signout/everywhere", {});

export interface SecondFactor {
    enabled_at: string | null;
    recovery_codes: number; // that are left
    required: boolean; // and missing
}
export interface SecondFactorSecret {
    secret: string;
    uri: string;
}
interface Proof {
    password: string;
    code: string;
}
type Codes = { recovery_codes: string[] };

export const getSecondFactor = (signal?: AbortSignal) =>
    get<SecondFactor>("/auth/second-factor", {}, signal);
export const beginSecondFactor = (password: string) =>
    post<SecondFactorSecret>("/auth/second-factor", { password });
export const confirmSecondFactor = async (code: string) =>
    (await post<Codes>("/auth/second-factor/confirm", { code })).recovery_codes;
export const renewRecoveryCodes = async (proof: Proof) =>
    (await post<Codes>("/auth/second-factor/recovery-codes", proof)).recovery_codes;
export const turnSecondFactorOff = (proof: Proof) => post<void>("/auth/second-factor/off", proof);

/** A file with all that is known of the user. */
export const MY_DATA = "/api/account/data";
export const eraseAccount = (form: {
    email: string;
    password: string;
    code?: string;
    forfeit: boolean;
}) => post<void>("/account/erase", form);

/** Whose password the link sets. */
export const findLink = (token: string) =>
    findByToken<{ email: string; expires_at: string; takes_over: boolean }>(
        "/auth/link",
        token,
        "link_invalid",
    );
export const redeemLink = (form: { token: string; password: string; disable_keys: boolean }) =>
    post<Visitor>("/auth/link/password", form);
