// Who points at a link, or comes to it by keyboard, will soon follow it: its page is fetched by then.
import { isInside } from "./router";

const EVENTS = ["pointerover", "pointerdown", "focusin"] as const;

export function startIntents(prefetch: (path: string) => unknown): void {
    const notice = ({ target }: Event) => {
        const link = target instanceof Element ? target.closest("a") : null;
        if (link && link.origin === location.origin && isInside(link.pathname)) {
            prefetch(link.pathname.replace(/\/+$/, "") || "/");
        }
    };
    EVENTS.forEach((name) => document.addEventListener(name, notice, { passive: true }));
}
