import type { ComponentChildren } from "preact";
import { Bone } from "./skeleton";

export interface Fact {
    name: string;
    value: ComponentChildren | undefined; // undefined: on its way
}

/** Names and values, one a line. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
    return (
        <dl class="divide-y divide-line">
            {facts.map(({ name, value }) => (
                <div key={name} class="flex items-baseline justify-between gap-4 py-2">
                    <dt class="shrink-0 text-soft">{name}</dt>
                    {/* As wide with its bone as with its value, which may have smaller letters. */}
                    <dd
                        key={value === undefined ? "bone" : "value"}
                        class="min-w-0 flex-1 text-right"
                    >
                        {value === undefined ? <Bone /> : value}
                    </dd>
                </div>
            ))}
        </dl>
    );
}
