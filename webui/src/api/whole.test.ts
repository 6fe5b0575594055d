import { expect, it } from "vitest";
import type { Page } from "./types";
import { wholePage } from "./whole";

/** A list of which each call looks at three records, and every second of them fits the filter. */
function pieces(total: number) {
    const asked: (string | null)[] = [];
    const fetchPiece = async (cursor: string | null, limit: number): Promise<Page<number>> => {
        asked.push(cursor);
        const at = Number(cursor ?? 0);
        const seen = [at, at + 1, at + 2].filter((value) => value < total);
        const data = seen.filter((value) => value % 2 === 0).slice(0, limit);
        const last = data.length === limit ? (data.at(-1) ?? at) + 1 : at + 3;
        return { data, next_cursor: last >= total ? null : String(last) };
    };
    return { asked, fetchPiece };
}

it("goes on until the page is full", async () => {
    const { fetchPiece } = pieces(100);
    const page = await wholePage(5, fetchPiece, null);
    expect(page.data).toEqual([0, 2, 4, 6, 8]);
    const next = await wholePage(5, fetchPiece, page.next_cursor);
    expect(next.data).toEqual([10, 12, 14, 16, 18]);
});

it("ends where the list ends", async () => {
    const page = await wholePage(50, pieces(7).fetchPiece, null);
    expect(page).toEqual({ data: [0, 2, 4, 6], next_cursor: null });
});

it("does not ask for ever", async () => {
    const { asked, fetchPiece } = pieces(1_000_000);
    const page = await wholePage(1_000_000, fetchPiece, null);
    expect(asked.length).toBe(40);
    expect(page.next_cursor).not.toBeNull();
});
