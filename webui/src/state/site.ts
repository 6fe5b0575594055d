// What the gateway says about itself: its address for clients, how payments work, its limits.
import { signal } from "@preact/signals";
import { getSite } from "../api/resources";
import type { Site } from "../api/types";

export const site = signal<Site | null>(null);

export async function startSite(): Promise<void> {
    site.value = await getSite();
}
