// A short message about what has just happened: shown for a while, and said by screen readers.
import { signal } from "@preact/signals";

const SHOWN_MS = 5000;

interface Announcement {
    text: string;
    number: number;
    isSeen: boolean;
}

export const announcement = signal<Announcement | null>(null);
let number = 0;

/** With `isSeen` false only screen readers say it: everybody else sees it happen. */
export function announce(text: string, isSeen = true): void {
    const mine = ++number;
    announcement.value = { text, number: mine, isSeen };
    setTimeout(() => {
        if (announcement.peek()?.number === mine) {
            announcement.value = null;
        }
    }, SHOWN_MS);
}
