// Something a person sets off: busy while it runs, and what went wrong with the last try.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, sentence } from "../api/error";

export interface Action<A extends unknown[]> {
    run: (...args: A) => void;
    isBusy: boolean;
    error: unknown;
}

/**
 * One at a time: a second click while it runs does nothing. Where the action is done to one of many
 * things, `thing` names it: each has one at a time, and a click on another one is not lost.
 */
export function useAction<A extends unknown[]>(
    work: (...args: A) => Promise<void>,
    thing: (...args: A) => string = () => "",
): Action<A> {
    const [state, setState] = useState<{ isBusy: boolean; error: unknown }>({
        isBusy: false,
        error: null,
    });
    const isHere = useRef(true);
    const running = useRef(new Set<string>());
    useEffect(() => () => void (isHere.current = false), []);
    const run = (...args: A) => {
        const name = thing(...args);
        if (running.current.has(name)) {
            return;
        }
        const settle = (error?: unknown) => {
            running.current.delete(name);
            if (isHere.current) {
                const isBusy = running.current.size > 0;
                setState((before) => ({ isBusy, error: error ?? before.error }));
            }
        };
        running.current.add(name);
        setState({ isBusy: true, error: null });
        work(...args).then(() => settle(), settle);
    };
    return { run, ...state };
}

/** The sentence for one field of a form, when the error is about that field. */
export function errorOf(error: unknown, ...fields: string[]): string | null {
    const isIts =
        error instanceof ApiError && error.body.param && fields.includes(error.body.param);
    return isIts ? sentence(error) : null;
}

/** The error when no field of the form shows it. */
export function errorOfNone(error: unknown, ...fields: string[]): unknown {
    return errorOf(error, ...fields) ? null : error;
}
