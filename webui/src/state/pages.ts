// Walking through a list by cursors: forth, and back the way one came.
import { useState } from "preact/hooks";

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
