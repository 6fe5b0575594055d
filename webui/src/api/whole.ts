// Pages of a list that are as full as they can be. With a filter the API looks at a bounded number of
// records for each call, so one page may come in several pieces; only a null cursor is the end.
import type { Page } from "./types";

const ROUNDS_MAX = 40;

export async function wholePage<T, P extends Page<T>>(
    limit: number,
    fetchPiece: (cursor: string | null, limit: number) => Promise<P>,
    from: string | null,
): Promise<P> {
    const first = await fetchPiece(from, limit);
    const data = [...first.data];
    let next = first.next_cursor;
    for (let round = 1; next !== null && data.length < limit && round < ROUNDS_MAX; round++) {
        const piece = await fetchPiece(next, limit - data.length);
        data.push(...piece.data);
        next = piece.next_cursor;
    }
    return { ...first, data, next_cursor: next };
}
