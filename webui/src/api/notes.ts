// What operators note on customers.
import { call, get, post } from "./client";
import type { Page } from "./types";

export interface CustomerNote {
    id: string;
    user_id: string; // the customer
    text: string;
    created_at: string;
    edited_at: string | null;
    author: { id: string; email: string };
}

const path = (noteId: string) => `/admin/notes/${encodeURIComponent(noteId)}`;

export const getNotes = (
    userId: string,
    cursor: string | null,
    limit: number,
    signal: AbortSignal,
) => get<Page<CustomerNote>>("/admin/notes", { user_id: userId, cursor, limit }, signal);
export const writeNote = (userId: string, text: string) =>
    post<CustomerNote>("/admin/notes", { user_id: userId, text });
export const changeNote = (noteId: string, text: string) =>
    call<CustomerNote>("PATCH", path(noteId), { body: { text } });
export const deleteNote = (noteId: string) => call<void>("DELETE", path(noteId));
