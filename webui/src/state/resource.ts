// What a page shows of the API: fetched, kept while it is fetched again, so that nothing jumps, and
// remembered while the pages are open, so that going back shows at once what was there.
import { useEffect, useRef, useState } from "preact/hooks";

const remembered = new Map<string, unknown>();
const REMEMBERED_MAX = 50;

/** Another user must not see what this one had. */
export function forgetAll(): void {
    remembered.clear();
}

function remember(key: string, data: unknown): void {
    remembered.delete(key);
    remembered.set(key, data);
    for (const oldest of remembered.keys()) {
        if (remembered.size <= REMEMBERED_MAX) {
            break;
        }
        remembered.delete(oldest);
    }
}

export interface Resource<T> {
    data: T | undefined;
    error: unknown; // of the last try; data may still be there from the one before
    isLoading: boolean;
    isOld: boolean; // data is that of the key before
    reload: () => void;
}

interface Shown<T> {
    key: string;
    data: T | undefined;
    error: unknown;
    isLoading: boolean;
    isOld: boolean;
}

function begin<T>(key: string, before?: T): Shown<T> {
    const known = remembered.get(key) as T | undefined;
    const isOld = known === undefined && before !== undefined;
    return { key, data: known ?? before, error: null, isLoading: true, isOld };
}

/**
 * Loads again whenever `key` changes; the key says all that the answer depends on. With `keep` the
 * old data stays until the new is there: for the next page of a list.
 */
export function useResource<T>(
    key: string,
    load: (signal: AbortSignal) => Promise<T>,
    { keep = false } = {},
): Resource<T> {
    const [shown, setShown] = useState<Shown<T>>(() => begin(key));
    const [turn, setTurn] = useState(0);
    const latest = useRef(load);
    latest.current = load;
    // Between a new key and its effect the old data would be shown for one frame.
    const current = shown.key === key ? shown : begin(key, keep ? shown.data : undefined);

    useEffect(() => {
        const control = new AbortController();
        const settle = (ended: Partial<Shown<T>>) => {
            if (!control.signal.aborted) {
                setShown((before) => ({ ...before, error: null, ...ended, isLoading: false }));
            }
        };
        // What is so already is not rendered again: at first that is every part of the page.
        setShown((before) =>
            before.key === key && before.isLoading && before.error === null
                ? before
                : { ...current, isLoading: true },
        );
        latest.current(control.signal).then(
            (data) => {
                if (!control.signal.aborted) {
                    remember(key, data);
                }
                settle({ data, isOld: false });
            },
            (error: unknown) => settle({ error }),
        );
        return () => control.abort();
    }, [key, turn]);

    return { ...current, reload: () => setTurn((count) => count + 1) };
}
