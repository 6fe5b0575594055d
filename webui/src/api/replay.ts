// What recorded calls would be charged under the policies that are in the folder now.
import { get, type Query } from "./client";
import { ApiError } from "./error";
import { inZone } from "./zone";

export interface ReplaySums {
    calls: number;
    charge_then: string;
    charge_now: string;
    charge_change: string;
    cost_then: string;
    cost_now: string;
    cost_change: string;
    margin_then: string;
    margin_now: string;
    margin_change: string;
    below_zero: boolean;
    loss_allowed: boolean;
}

/** One of the three names is there; null: all others, which had no room. */
export interface ReplayRow extends ReplaySums {
    model?: string | null;
    day?: string | null;
    user_id?: string | null;
    email?: string | null;
    group?: string | null;
}

interface Recorded {
    model: string | null;
    calls: number;
    charge_then: string;
    cost_then: string;
}

export interface ReplayRefused extends Recorded {
    code: string;
    message: string;
}

export interface ReplayNote extends Recorded {
    kind: "other_candidate" | "unit_not_priced" | "tier_not_priced";
    word: string | null;
}

export interface ReplayAnswer {
    revision: string;
    totals: ReplaySums;
    models: ReplayRow[];
    customers: ReplayRow[];
    days: ReplayRow[];
    refused: ReplayRefused[];
    notes: ReplayNote[];
    left_out: Record<"models" | "customers" | "days" | "refused" | "notes", number>;
    warns: boolean;
}

export interface Replay {
    state: "running" | "done" | "error";
    records: number;
    records_done: number;
    error: { code: string; message: string } | null;
    answer: ReplayAnswer | null;
}

/** Asks, or looks how it is getting on. */
export const getReplay = (query: Query, signal?: AbortSignal) =>
    inZone(async (tz) => {
        const replay = await get<Replay>("/admin/replay", { ...query, tz }, signal);
        if (replay.error?.code === "invalid_value") {
            throw new ApiError(400, { ...replay.error, param: "tz" });
        }
        return replay;
    });
