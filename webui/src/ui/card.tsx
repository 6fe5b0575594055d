// The frames that everything on a page stands in.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { brand } from "../state/brand";

interface PageProps {
    title: string;
    lead?: ComponentChildren;
    actions?: ComponentChildren;
    children: ComponentChildren;
}

let hasArrived = false;

/** To where one has gone by a link: a screen reader says it. The browser does so for the first page. */
function focusHeading(heading: HTMLElement | null): void {
    if (hasArrived) {
        heading?.focus({ preventScroll: true });
    }
    hasArrived = true;
}

/** A page: its heading takes the focus. */
export function Page({ title, lead, actions, children }: PageProps) {
    const heading = useRef<HTMLHeadingElement>(null);
    useEffect(() => focusHeading(heading.current), []);
    useEffect(() => {
        document.title = `${title} · ${brand.name}`;
    }, [title]);
    return (
        <div class="flex flex-col gap-5">
            <header class="flex flex-wrap items-end justify-between gap-x-4 gap-y-3">
                <div class="min-w-0">
                    <h1 ref={heading} tabIndex={-1} class="text-2xl font-semibold tracking-tight">
                        {title}
                    </h1>
                    {lead && <p class="mt-1 text-soft">{lead}</p>}
                </div>
                {actions && <div class="flex flex-wrap gap-2">{actions}</div>}
            </header>
            {children}
        </div>
    );
}

interface CardProps {
    title?: string;
    note?: ComponentChildren;
    actions?: ComponentChildren;
    flush?: boolean; // the content reaches the edges: tables
    class?: string;
    children: ComponentChildren;
}

export function Card({
    title,
    note,
    actions,
    flush = false,
    class: extra = "",
    children,
}: CardProps) {
    return (
        <section
            class={`panel min-w-0 ${flush ? "overflow-clip" : ""} ${extra}`}
            aria-label={title}
        >
            {(title || actions) && (
                <header class="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 px-5 pt-4 pb-3">
                    <div class="min-w-0">
                        {title && <h2 class="text-base font-semibold">{title}</h2>}
                        {note && <p class="text-sm text-soft">{note}</p>}
                    </div>
                    {actions && <div class="flex flex-wrap items-center gap-2">{actions}</div>}
                </header>
            )}
            <div class={flush ? "" : title || actions ? "px-5 pb-5" : "p-5"}>{children}</div>
        </section>
    );
}
