// Walking through a list by cursors: forth, and back the way one came. The page stands in the address,
// so that a reload, and coming back from one of the list's things, shows it again.
import { useEffect, useState } from "preact/hooks";
import type { PagerProps } from "../ui/table";
import type { Resource } from "./resource";
import { LIST_PAGE, place, setListPage, trailOf } from "./router";

export interface Walk {
    cursor: string | null;
    number: number; // of the page, from 1
    forth: (next: string) => void;
    back: () => void;
}

/** "11.CURSOR" in the address. */
function readPage(text: string | null): { number: number; cursor: string } | null {
    const [, number, cursor] = /^([1-9]\d{0,8})\.(.+)$/.exec(text ?? "") ?? [];
    return number && cursor ? { number: Number(number), cursor } : null;
}

function writePage(list: string, number: number, key: string, cursors: string[]): void {
    const cursor = cursors.at(-1);
    setListPage(list, cursor ? `${number}.${cursor}` : null, { key, cursors });
}

/**
 * Begins anew whenever `key` changes: the cursors belong to one filter. Who has been sent an address
 * does not know the pages before it; the way back from there is to the first one. A second list of
 * the same page has a name of its own for the address.
 */
export function useWalk(key: string, list = LIST_PAGE): Walk {
    const page = readPage(place.value.query.get(list));
    const trail = trailOf(list);
    const isOurs = page !== null && (!trail || trail.key === key);
    const cursors = (isOurs && trail?.cursors) || [];
    const number = isOurs ? page.number : 1;
    return {
        cursor: isOurs ? page.cursor : null,
        number,
        forth: (next) => writePage(list, number + 1, key, [...cursors, next]),
        back: () =>
            cursors.length < 2
                ? writePage(list, 1, key, [])
                : writePage(list, number - 1, key, cursors.slice(0, -1)),
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
