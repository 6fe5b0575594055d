// Whether the gateway answers: told by every call, so that no page calls itself live when it is not.
import { signal } from "@preact/signals";

/** Since when nothing has come back; null: it answers. */
export const offlineSince = signal<number | null>(null);

export function noteAnswer(): void {
    offlineSince.value = null;
}

export function noteSilence(): void {
    offlineSince.value ??= Date.now();
}
