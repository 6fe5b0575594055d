import type { ComponentChildren } from "preact";
import { cameFrom } from "../state/router";
import { Icon } from "./icon";

/** To the list that this page is one of: as it was, when one came from there. */
export function BackLink({ href, children }: { href: string; children: ComponentChildren }) {
    const onClick = (event: MouseEvent) => {
        const isPlain = !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
        if (isPlain && cameFrom(href)) {
            event.preventDefault();
            history.back();
        }
    };
    return (
        <a
            href={href}
            onClick={onClick}
            class="-mt-2 inline-flex items-center gap-1 self-start font-medium text-accent underline-offset-2 hover:underline"
        >
            <Icon name="left" class="size-4" />
            {children}
        </a>
    );
}
