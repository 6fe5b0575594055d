// Canaries and shadows, and how they do beside a model's own candidates. For operators.
import { get, type Query } from "./client";
import { inZone } from "./zone";

type Signal = AbortSignal | undefined;

export interface Trial {
    provider: string;
    provider_model: string;
    available: boolean;
    share: string;
    by: "account" | "call";
    groups: string[] | null;
    spend_per_day: string | null; // of a shadow
}

export interface TriedModel {
    model: string;
    canary: Trial | null;
    shadow: Trial | null;
}

export type Role = "primary" | "canary" | "shadow";

/** Of `calls`; null where these are too few. */
interface Times {
    calls: number;
    p50: number | null;
    p90: number | null;
}

export interface TrialGroup {
    role: Role;
    provider: string;
    provider_model: string;
    calls: number;
    answered: number;
    failed: number;
    unfinished: number;
    failed_ppm: number | null; // of `calls`; null: too few, as below
    failures: Record<string, number>; // by outcome
    first_byte_ms: Times;
    total_ms: Times;
    cost: string;
    cost_a_call: string | null; // of `answered`
    output_tokens_a_call: number | null;
    finish_reasons: Record<string, number>;
}

export interface Comparison {
    model: string;
    complete: boolean;
    calls_min: number;
    shadows_today: { counted: string; left_out: number };
    data: TrialGroup[];
}

export const getTrials = async (signal?: Signal) =>
    (await get<{ data: TriedModel[] }>("/admin/trials", {}, signal)).data;
export const getComparison = (query: Query, signal?: Signal) =>
    inZone((tz) => get<Comparison>("/admin/trials/compare", { ...query, tz }, signal));
