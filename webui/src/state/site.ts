// What the gateway says about itself: its address for clients, how payments work, its limits.
import { signal } from "@preact/signals";
import { getSite } from "../api/resources";
import type { Site } from "../api/types";

export const site = signal<Site | null>(null);

/** The base URL for clients. If the operator has named none, the address that one came by is right. */
export function clientUrl(): string {
    const known = site.value;
    if (!known) {
        return "";
    }
    return known.public_url_set
        ? known.base_url
        : location.origin + known.base_url.slice(known.public_url.length);
}

/** Whether there is documentation for who is signed in. */
export function hasDocs(): boolean {
    return site.value !== null && site.value.docs !== "off";
}

export async function startSite(): Promise<void> {
    site.value = await getSite();
}
