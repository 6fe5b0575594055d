// Who is signed in.
import { get, post } from "./client";
import { ApiError } from "./error";

export interface User {
    id: string;
    email: string;
    name: string | null;
    role: "user" | "admin";
    group: string | null;
    disabled: boolean;
    created_at: string;
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

export const signUp = async (form: Credentials & { name?: string }) =>
    (await post<{ user: User }>("/auth/signup", form)).user;
export const signIn = async (form: Credentials) =>
    (await post<{ user: User }>("/auth/signin", form)).user;
export const signOut = () => post<void>("/auth/signout", {});
