// The user who is signed in, for all pages.
import { signal } from "@preact/signals";
import {
    getSession,
    type Permission,
    signOut,
    signOutEverywhere,
    type User,
    type Visitor,
} from "../api/account";
import { onRestricted, onSignedOut } from "../api/client";
import { funds, startFunds } from "./funds";
import { forgetAll } from "./resource";
import { go, isInside, place } from "./router";
import { site, startSite } from "./site";
import { forget, KEPT_TALKS } from "./storage";

export const SIGN_IN = "/dashboard/signin";
export const SIGN_UP = "/dashboard/signup";
export const FORGOT = "/dashboard/forgot";
export const HOME = "/dashboard";

export type Session = { state: "nobody" } | ({ state: "user" } & Visitor);

export const session = signal<Session>({ state: "nobody" });

/** The page as it is, with its filters. */
const here = () => location.pathname + location.search;

export async function startSession(): Promise<void> {
    onSignedOut(() => leave(here()));
    onRestricted(() => void startSite().catch(() => undefined)); // it says now who needs one
    const found = await getSession();
    if (found.user === null) {
        session.value = { state: "nobody" };
        return;
    }
    startFunds(found.balance, found.low_balance);
    session.value = { state: "user", user: found.user, permissions: found.permissions };
}

/** Whether this user must set a second factor up before anything else. */
export function needsSecondFactor(user: User): boolean {
    const required = site.value?.second_factor;
    return (
        !user.second_factor &&
        (required === "all" || (required === "operators" && user.role !== "user"))
    );
}

/** Who is signed in, asked again: something about the user has changed. */
export async function refreshUser(): Promise<void> {
    const { user, ...rest } = { permissions: [], ...(await getSession()) };
    if (user) {
        forgetAll();
        session.value = { state: "user", user, permissions: rest.permissions };
    }
}

/** Where to go after signing in: only to a page of ours, whatever the address says. */
export function returnPath(query: URLSearchParams): string {
    const wanted = query.get("next") ?? "";
    return isInside(wanted) && !wanted.startsWith(SIGN_IN) ? wanted : HOME;
}

export function isOperator(): boolean {
    return session.value.state === "user" && session.value.user.role !== "user";
}

/** Whether who is signed in may do this. Pages leave out what one may not. */
export function may(permission: Permission): boolean {
    return session.value.state === "user" && session.value.permissions.includes(permission);
}

export function enter(visitor: Visitor): void {
    forgetAll();
    session.value = { state: "user", ...visitor };
    void getSession().then(
        (found) => found.user && startFunds(found.balance, found.low_balance),
        () => undefined, // the pulse tells it soon
    );
    go(returnPath(place.peek().query), { replace: true });
}

function leave(from: string): void {
    if (session.peek().state !== "user") {
        return;
    }
    forgetAll();
    session.value = { state: "nobody" };
    funds.value = null;
    const next = from === HOME || !isInside(from) ? "" : "?next=" + encodeURIComponent(from);
    go(SIGN_IN + next, { replace: true });
}

/** The session has ended, as was wanted. */
export function signedOut(): void {
    forget(KEPT_TALKS); // the next one at this browser may be somebody else
    leave(HOME);
}

export async function leaveEverywhere(): Promise<void> {
    await signOutEverywhere();
    signedOut();
}

export async function signOutHere(): Promise<void> {
    await signOut();
    signedOut();
}
