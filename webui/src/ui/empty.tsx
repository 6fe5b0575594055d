import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon";

interface EmptyProps {
    icon: IconName;
    title: string;
    children?: ComponentChildren; // what to do next
    action?: ComponentChildren;
}

/** Stands where a list would: why it is empty, and what to do about it. */
export function Empty({ icon, title, children, action }: EmptyProps) {
    return (
        <div class="flex flex-col items-center gap-3 px-6 py-10 text-center">
            <span class="flex size-12 items-center justify-center rounded-full bg-accent-wash text-accent">
                <Icon name={icon} class="size-6" />
            </span>
            <p class="font-semibold">{title}</p>
            {children && <div class="max-w-md text-soft">{children}</div>}
            {action && <div class="mt-1 flex flex-wrap justify-center gap-2">{action}</div>}
        </div>
    );
}
