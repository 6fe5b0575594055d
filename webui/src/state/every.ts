import { useEffect, useRef } from "preact/hooks";

/** Calls again and again while the page is visible: for what is live but has no version to watch. */
export function useEvery(ms: number, work: () => void): void {
    const latest = useRef(work);
    latest.current = work;
    useEffect(() => {
        const timer = setInterval(() => {
            if (!document.hidden) {
                latest.current();
            }
        }, ms);
        return () => clearInterval(timer);
    }, [ms]);
}
