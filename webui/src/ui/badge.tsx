import type { ComponentChildren } from "preact";

export type Tone = "plain" | "good" | "warn" | "bad" | "accent";

export const TONES: Record<Tone, string> = {
    plain: "bg-sunken text-soft",
    good: "bg-good-wash text-good",
    warn: "bg-warn-wash text-warn",
    bad: "bg-bad-wash text-bad",
    accent: "bg-accent-wash text-accent-strong",
};

/** A word about the state of something: its colour only repeats what it says. */
export function Badge({ tone = "plain", children }: { tone?: Tone; children: ComponentChildren }) {
    return (
        <span
            class={`inline-flex items-center gap-1 rounded-md px-2 py-0.5 text-sm font-medium whitespace-nowrap ${TONES[tone]}`}
        >
            {children}
        </span>
    );
}
