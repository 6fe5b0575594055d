// A short message about what has just happened: shown for a while, and said by screen readers.
import { signal } from "@preact/signals";

const SHOWN_MS = 5000;

export const announcement = signal<{ text: string; number: number } | null>(null);
let number = 0;

export function announce(text: string): void {
    const mine = ++number;
    announcement.value = { text, number: mine };
    setTimeout(() => {
        if (announcement.peek()?.number === mine) {
            announcement.value = null;
        }
    }, SHOWN_MS);
}
