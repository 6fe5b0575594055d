// Tabs as the ARIA practices describe them: arrows move, one is in the tab order.
import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";

export interface Tab {
    id: string;
    name: string;
}

interface TabsProps {
    label: string;
    tabs: readonly Tab[];
    chosen: string;
    onChoose: (id: string) => void;
    aside?: ComponentChildren; // beside the tabs
    isFlush?: boolean; // the content reaches the edges of its card, the tabs do not
    children: ComponentChildren;
}

const STEPS: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };

export function Tabs({
    label,
    tabs,
    chosen,
    onChoose,
    aside,
    isFlush = false,
    children,
}: TabsProps) {
    const id = useId();
    const list = useRef<HTMLDivElement>(null);
    const onKeyDown = (event: KeyboardEvent) => {
        const step = STEPS[event.key];
        if (!step) {
            return;
        }
        event.preventDefault();
        const now = tabs.findIndex((tab) => tab.id === chosen);
        const next = (now + step + tabs.length) % tabs.length;
        list.current?.querySelectorAll("button")[next]?.focus();
        onChoose(tabs[next]?.id ?? chosen);
    };
    return (
        <div>
            <div
                class={`flex flex-wrap items-center justify-between gap-2 ${isFlush ? "px-4" : ""}`}
            >
                <div
                    ref={list}
                    role="tablist"
                    aria-label={label}
                    class="flex flex-wrap gap-1"
                    onKeyDown={onKeyDown}
                >
                    {tabs.map((tab) => (
                        <button
                            key={tab.id}
                            type="button"
                            role="tab"
                            id={`${id}-${tab.id}`}
                            aria-selected={tab.id === chosen}
                            aria-controls={`${id}-panel`}
                            tabIndex={tab.id === chosen ? 0 : -1}
                            class={`min-h-8 cursor-pointer rounded-lg px-2.5 text-sm whitespace-nowrap sm:px-3 font-medium ${tab.id === chosen ? "bg-accent-wash text-accent-strong" : "text-soft hover:bg-sunken hover:text-ink"}`}
                            onClick={() => onChoose(tab.id)}
                        >
                            {tab.name}
                        </button>
                    ))}
                </div>
                {aside}
            </div>
            <div
                role="tabpanel"
                id={`${id}-panel`}
                aria-labelledby={`${id}-${chosen}`}
                class="mt-3"
            >
                {children}
            </div>
        </div>
    );
}
