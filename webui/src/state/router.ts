// The address bar as a signal. Links are ordinary <a href>; clicks on those that stay inside are
// answered here, without loading the page again.
import { signal } from "@preact/signals";

export interface Place {
    path: string;
    query: URLSearchParams;
}

function here(): Place {
    const path = location.pathname.replace(/\/+$/, "") || "/";
    return { path, query: new URLSearchParams(location.search) };
}

/** Everybody's price list, where there is one. */
export const PRICES = "/prices";

/** The documentation, which is no part of these pages: links to it load it. */
export const DOCS = "/docs";
export const INCIDENTS = "/docs/operators/incidents";

export const place = signal<Place>(here());

export function isInside(path: string): boolean {
    return path === "/" || path === PRICES || /^\/dashboard([/?]|$)/.test(path);
}

/** The way through a list, kept with its page's place in the history: see pages.ts. */
export interface Trail {
    key: string;
    cursors: string[];
}

/** By the name that the list's page has in the address. */
type Trails = Record<string, Trail>;

/** What the browser keeps with each place that it can go back to. */
interface Mark {
    from?: string; // the address of the page before
    trails?: Trails;
}

function mark(): Mark {
    return (history.state as Mark | null) ?? {};
}

export const trailOf = (list: string): Trail | undefined => mark().trails?.[list];

/** Whether going back leads to that page of ours. */
export function cameFrom(path: string): boolean {
    return mark().from?.split("?")[0] === path;
}

/** Goes to another page; `replace` leaves no way back to this one. */
export function go(address: string, how: { replace?: boolean; trails?: Trails } = {}): void {
    const kept = how.trails ? { trails: how.trails } : {};
    if (how.replace) {
        const { from } = mark();
        history.replaceState({ ...kept, ...(from && { from }) }, "", address);
    } else {
        const from = location.pathname + location.search;
        history.pushState({ ...kept, from }, "", address);
    }
    const before = place.peek().path;
    place.value = here();
    if (place.peek().path !== before) {
        scrollTo(0, 0);
    }
}

/** The page of a list, in the address: its number and its cursor. */
export const LIST_PAGE = "page";

type Changes = Record<string, string | null>;

/** Changes the query of this page; null takes a name out. Another list is begun at its first page. */
export function setQuery(changes: Changes): void {
    const { [LIST_PAGE]: _, ...others } = mark().trails ?? {};
    writeQuery({ [LIST_PAGE]: null, ...changes }, others);
}

/** Changes what its list does not depend on: the list stays where it is. */
export function setAside(changes: Changes): void {
    writeQuery(changes, mark().trails ?? {});
}

/** Another page of one of the lists. */
export function setListPage(list: string, page: string | null, trail: Trail): void {
    writeQuery({ [list]: page }, { ...mark().trails, [list]: trail });
}

function writeQuery(changes: Changes, trails: Trails): void {
    const query = new URLSearchParams(place.peek().query);
    for (const [name, value] of Object.entries(changes)) {
        if (value === null || value === "") {
            query.delete(name);
        } else {
            query.set(name, value);
        }
    }
    const text = query.toString();
    const address = place.peek().path + (text ? "?" + text : "");
    go(address, { replace: true, trails });
}

/** The values behind the colons of the pattern, or null: "/keys/:id" matches "/keys/key_1". */
export function match(pattern: string, path: string): Record<string, string> | null {
    const wanted = pattern.split("/");
    const parts = path.split("/");
    if (wanted.length !== parts.length) {
        return null;
    }
    const found: Record<string, string> = {};
    for (const [index, name] of wanted.entries()) {
        const part = parts[index] ?? "";
        if (name.startsWith(":") && part) {
            found[name.slice(1)] = decode(part);
        } else if (name !== part) {
            return null;
        }
    }
    return found;
}

function decode(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        return text; // a broken escape is nobody's id
    }
}

function linkOf(event: MouseEvent): HTMLAnchorElement | null {
    const isPlain =
        event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    const target = event.target;
    if (!isPlain || event.defaultPrevented || !(target instanceof Element)) {
        return null;
    }
    const link = target.closest("a");
    const stays = link && link.origin === location.origin && !link.target && !link.download;
    return stays && !link.hash && isInside(link.pathname) ? link : null;
}

export function startRouter(): void {
    addEventListener("popstate", () => (place.value = here()));
    document.addEventListener("click", (event) => {
        const link = linkOf(event);
        if (link) {
            event.preventDefault();
            go(link.pathname + link.search);
        }
    });
}
