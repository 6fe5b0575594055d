// Buttons, and links that look like them.
import type { ComponentChildren, JSX } from "preact";
import { Icon, type IconName } from "./icon";

type Kind = "primary" | "secondary" | "quiet" | "danger";

const KINDS: Record<Kind, string> = {
    primary: "bg-accent text-accent-ink border-transparent hover:bg-accent-strong",
    secondary: "bg-surface text-ink border-line-strong hover:bg-sunken",
    quiet: "bg-transparent text-soft border-transparent hover:bg-sunken hover:text-ink",
    danger: "bg-bad text-bad-ink border-transparent hover:opacity-90",
};
const SHAPE =
    "inline-flex items-center justify-center gap-2 rounded-lg border font-medium whitespace-nowrap " +
    "transition-colors cursor-pointer aria-disabled:cursor-not-allowed aria-disabled:opacity-60";
const SIZES = { normal: "min-h-10 px-4 py-1.5", small: "min-h-8 px-2.5 py-1 text-sm" };

interface Look {
    kind?: Kind;
    size?: keyof typeof SIZES;
    icon?: IconName;
    children?: ComponentChildren;
    class?: string;
}

function classes({ kind = "secondary", size = "normal", class: extra = "" }: Look): string {
    return `${SHAPE} ${SIZES[size]} ${KINDS[kind]} ${extra}`;
}

type ButtonProps = Look &
    Omit<JSX.IntrinsicElements["button"], keyof Look | "size"> & { busy?: boolean };

type Clicked = (event: MouseEvent) => void;

/**
 * What makes a button do nothing for now. Not `disabled`: that takes the focus away from who is
 * there, and tells a screen reader nothing.
 */
export function restrained(isOff: boolean, onClick: unknown) {
    const stop: Clicked = (event) => {
        event.preventDefault();
        event.stopPropagation();
    };
    return isOff
        ? { "aria-disabled": "true" as const, onClick: stop }
        : { onClick: onClick as Clicked };
}

/** While `busy` it keeps its width and says so, and a second click does nothing. */
export function Button({
    kind,
    size,
    icon,
    class: extra,
    busy,
    disabled,
    children,
    ...rest
}: ButtonProps) {
    return (
        <button
            type="button"
            {...rest}
            class={classes({ ...(kind && { kind }), ...(size && { size }), class: extra ?? "" })}
            {...restrained(busy === true || disabled === true, rest.onClick)}
            aria-busy={busy}
        >
            {busy ? <Spinner /> : icon && <Icon name={icon} class="size-4.5" />}
            {children}
        </button>
    );
}

type ButtonLinkProps = Look & { href: string; download?: boolean; label?: string };

/** `label`: its name, where what is read on it is not enough. */
export function ButtonLink({ href, download, label, ...look }: ButtonLinkProps) {
    return (
        <a href={href} download={download} aria-label={label} class={classes(look)}>
            {look.icon && <Icon name={look.icon} class="size-4.5" />}
            {look.children}
        </a>
    );
}

/** Only a picture, so the name is for screen readers and the tooltip. */
export function IconButton({
    icon,
    label,
    busy,
    disabled,
    ...rest
}: { icon: IconName; label: string; busy?: boolean } & Omit<
    JSX.IntrinsicElements["button"],
    "icon" | "label"
>) {
    return (
        <button
            type="button"
            title={label}
            aria-label={label}
            {...rest}
            {...restrained(busy === true || disabled === true, rest.onClick)}
            aria-busy={busy}
            class="inline-flex size-9 shrink-0 cursor-pointer items-center justify-center rounded-lg text-soft transition-colors hover:bg-sunken hover:text-ink aria-disabled:cursor-not-allowed aria-disabled:opacity-50"
        >
            {busy ? <Spinner /> : <Icon name={icon} />}
        </button>
    );
}

function Spinner() {
    return (
        <span
            class="size-4 animate-spin rounded-full border-2 border-current border-r-transparent"
            aria-hidden="true"
        />
    );
}
