import type { ComponentChildren } from "preact";
import { Bone } from "./skeleton";

interface StatProps {
    label: string;
    value: ComponentChildren | undefined; // undefined: on its way
    note?: ComponentChildren;
    isNoteLong?: boolean; // it may need two lines: they are kept free, so that nothing jumps
    class?: string;
}

/** One number, large, and what it is. */
export function Stat({ label, value, note, isNoteLong = false, class: extra = "" }: StatProps) {
    return (
        <div class={`panel min-w-0 p-3 sm:p-5 ${extra}`}>
            <p class="text-sm font-medium text-soft">{label}</p>
            <p class="figures mt-1 text-lg font-semibold sm:text-2xl tracking-tight">
                {value ?? <Bone class="h-6 w-20 sm:w-28" />}
            </p>
            {note !== undefined && (
                <div class={`mt-1 text-sm text-soft ${isNoteLong ? "min-h-10" : "min-h-5"}`}>
                    {note}
                </div>
            )}
        </div>
    );
}
