// What a call took, once it has ended.
import { getRequest } from "../../api/resources";
import type { RequestDetail } from "../../api/types";

export type Ending = "done" | "stopped" | "failed";

const RECORD_TRIES = 20;
const RECORD_AFTER_MS = 150;

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** The record of a request that has ended; one that was stopped is written a moment later. */
export async function recordOf(id: string): Promise<RequestDetail | null> {
    for (let tries = 0; tries < RECORD_TRIES; tries++) {
        const record = await getRequest(id).catch(() => null);
        if (record) {
            return "refused" in record ? null : record;
        }
        await sleep(RECORD_AFTER_MS);
    }
    return null;
}
