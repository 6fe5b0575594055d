// What can be spent, for a warning on every page: from the first answer on, then from the pulse,
// which begins with that answer.
import { signal } from "@preact/signals";
import type { Pulse } from "../api/types";
import { usd } from "../base/money";

interface Funds {
    available: string;
    low: string | null; // of which the customer wants to be told
}

const LOW_USUAL = "1";

export const funds = signal<Funds | null>(null);
/** The newest; pulse.ts keeps it so. */
export const pulse = signal<Pulse | null>(null);

/** `first` is not told to who must set a second factor up first; a later one may be here already. */
export function startFunds(first: Pulse | undefined, low: string | null = null): void {
    pulse.value ??= first ?? null;
    funds.value = first ? { available: (pulse.value ?? first).available, low } : null;
}

export function noteAvailable(available: string): void {
    if (funds.peek()?.available !== available) {
        funds.value = { low: funds.peek()?.low ?? null, available };
    }
}

export function noteLow(low: string | null): void {
    const now = funds.peek();
    if (now) {
        funds.value = { ...now, low };
    }
}

export function shortOf({ available, low }: Funds): "none" | "low" | null {
    if (usd(available) <= 0n) {
        return "none";
    }
    return usd(available) < usd(low ?? LOW_USUAL) ? "low" : null;
}
