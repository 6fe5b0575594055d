import { brand } from "../state/brand";

/** The square mark beside the name. Its room is there before the logo is. */
function Mark() {
    if (brand.logo !== null) {
        return <img src={brand.logo} alt="" class="size-8 shrink-0 object-contain" />;
    }
    return (
        <svg viewBox="0 0 32 32" class="size-8 shrink-0" aria-hidden="true">
            <rect width="32" height="32" rx="8" class="fill-accent" />
            <path
                d="M9 22V10m0 12h7M16 16h7m0 0-3.5-3.5M23 16l-3.5 3.5"
                class="stroke-accent-ink"
                fill="none"
                stroke-width="2.6"
                stroke-linecap="round"
                stroke-linejoin="round"
            />
        </svg>
    );
}

export function Brand() {
    return (
        <span class="flex min-w-0 items-center gap-2.5 font-semibold tracking-tight">
            <Mark />
            <span class="line-clamp-2 min-w-0 leading-tight">{brand.name}</span>
        </span>
    );
}
