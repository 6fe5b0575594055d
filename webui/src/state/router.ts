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

export const place = signal<Place>(here());

export function isInside(path: string): boolean {
    return path === "/" || path === PRICES || /^\/dashboard([/?]|$)/.test(path);
}

/** Goes to another page; `replace` leaves no way back to this one. */
export function go(address: string, how: { replace?: boolean } = {}): void {
    if (how.replace) {
        history.replaceState(null, "", address);
    } else {
        history.pushState(null, "", address);
    }
    const before = place.peek().path;
    place.value = here();
    if (place.peek().path !== before) {
        scrollTo(0, 0);
    }
}

/** Changes the query of this page; null takes a name out. */
export function setQuery(changes: Record<string, string | null>): void {
    const query = new URLSearchParams(place.peek().query);
    for (const [name, value] of Object.entries(changes)) {
        if (value === null || value === "") {
            query.delete(name);
        } else {
            query.set(name, value);
        }
    }
    const text = query.toString();
    go(place.peek().path + (text ? "?" + text : ""), { replace: true });
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
