import { useEffect, useState } from "preact/hooks";

/** The value once it has rested: a search asks when the typing pauses. */
export function useRested<T>(value: T, ms = 250): T {
    const [rested, setRested] = useState(value);
    useEffect(() => {
        const timer = setTimeout(() => setRested(value), ms);
        return () => clearTimeout(timer);
    }, [value, ms]);
    return rested;
}
