// When what has the focus goes away (a form that is sent, a row that is deleted), browsers leave the
// focus nowhere: who uses the keyboard begins again at the top, and a screen reader says nothing.
// Here it goes to the nearest thing around that is still there and has a name to be read.

const AROUND = "tr, table, [role=tabpanel], section[aria-label], dialog, main";

/** What has the focus, and what stands around it: that cannot be found out later. */
interface Held {
    element: Element;
    around: HTMLElement[];
}

let held: Held | null = null;

const isThere = (it: Element) => it.isConnected && it.getClientRects().length > 0;

function hold(element: Element): void {
    const around: HTMLElement[] = [];
    for (let it = element.parentElement; it; it = it.parentElement) {
        if (it.matches(AROUND)) {
            around.push(it);
        }
    }
    held = { element, around };
}

function land(place: HTMLElement | null | undefined): void {
    if (!place) {
        return; // between two pages: what comes next is looked at again
    }
    if (!place.hasAttribute("tabindex")) {
        place.tabIndex = -1;
        place.addEventListener("blur", () => place.removeAttribute("tabindex"), { once: true });
    }
    place.focus({ preventScroll: true });
}

/** To the page itself, which is known by its heading; one that is being fetched has none yet. */
export function focusPage(): void {
    land(document.querySelector<HTMLElement>("main h1, main:not(:has(h1))"));
}

function settle(): void {
    const isNowhere = document.activeElement === null || document.activeElement === document.body;
    if (held === null || !isNowhere) {
        return;
    }
    const place = held.around.find(isThere);
    if (isThere(held.element)) {
        held = null; // it is still there: the user has clicked beside it
    } else if (place && !place.matches("main")) {
        land(place);
    } else {
        focusPage();
    }
}

let isSettling = false;

/** Behind what the browser itself does: a window that is closed gives the focus back. Once for all
 *  that changes until then. */
function soon(): void {
    if (isSettling) {
        return;
    }
    isSettling = true;
    setTimeout(() => {
        isSettling = false;
        settle();
    });
}

export function startFocus(): void {
    document.addEventListener("focusin", (event) => hold(event.target as Element));
    document.addEventListener("focusout", soon);
    new MutationObserver(soon).observe(document.body, { childList: true, subtree: true });
}
