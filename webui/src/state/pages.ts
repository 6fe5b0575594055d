// Walking through a list by cursors: forth, and back the way one came.
import { useEffect, useState } from "preact/hooks";
import type { PagerProps } from "../ui/table";
import type { Resource } from "./resource";

export interface Walk {
    cursor: string | null;
    number: number; // of the page, from 1
    forth: (next: string) => void;
    back: () => void;
}

/** Begins anew whenever `key` changes: the cursors belong to one filter. */
export function useWalk(key: string): Walk {
    const [state, setState] = useState<{ key: string; trail: string[] }>({ key, trail: [] });
    const trail = state.key === key ? state.trail : [];
    return {
        cursor: trail.at(-1) ?? null,
        number: trail.length + 1,
        forth: (next) => setState({ key, trail: [...trail, next] }),
        back: () => setState({ key, trail: trail.slice(0, -1) }),
    };
}

/** The buttons below a list. A click on "next" while a page is on its way counts when it has come. */
export function usePager(walk: Walk, page: Resource<{ next_cursor: string | null }>): PagerProps {
    const [isOwed, setOwed] = useState(false);
    const next = page.data?.next_cursor ?? null;
    const forth = () => {
        setOwed(page.isOld);
        if (!page.isOld && next !== null) {
            walk.forth(next);
        }
    };
    useEffect(() => {
        if (isOwed && !page.isOld) {
            forth();
        }
    }, [isOwed, page.isOld]);
    return {
        page: walk.number,
        hasNext: next !== null,
        onPrevious: () => {
            setOwed(false);
            walk.back();
        },
        onNext: forth,
    };
}
