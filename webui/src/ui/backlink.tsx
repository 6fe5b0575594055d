import type { ComponentChildren } from "preact";
import { Icon } from "./icon";

/** To the list that this page is one of. */
export function BackLink({ href, children }: { href: string; children: ComponentChildren }) {
    return (
        <a
            href={href}
            class="-mt-2 inline-flex items-center gap-1 self-start font-medium text-accent underline-offset-2 hover:underline"
        >
            <Icon name="left" class="size-4" />
            {children}
        </a>
    );
}
