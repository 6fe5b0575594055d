// Something a person sets off: busy while it runs, and what went wrong with the last try.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, sentence } from "../api/error";

export interface Action<A extends unknown[]> {
    run: (...args: A) => void;
    isBusy: boolean;
    error: unknown;
}

/** One at a time: a second click while it runs does nothing. */
export function useAction<A extends unknown[]>(work: (...args: A) => Promise<void>): Action<A> {
    const [state, setState] = useState<{ isBusy: boolean; error: unknown }>({
        isBusy: false,
        error: null,
    });
    const isHere = useRef(true);
    const isRunning = useRef(false);
    useEffect(() => () => void (isHere.current = false), []);
    const settle = (error: unknown) => {
        isRunning.current = false;
        if (isHere.current) {
            setState({ isBusy: false, error });
        }
    };
    const run = (...args: A) => {
        if (isRunning.current) {
            return;
        }
        isRunning.current = true;
        setState({ isBusy: true, error: null });
        work(...args).then(() => settle(null), settle);
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
