import type { Live } from "../../api/admin";

/** Requests a second: in the first minute there was less time than the window. */
export function perSecond(
    live: Pick<Live, "requests" | "window_s" | "now" | "started_at">,
): number {
    const up = (new Date(live.now).getTime() - new Date(live.started_at).getTime()) / 1000;
    return live.requests / Math.max(1, Math.min(live.window_s, up));
}
