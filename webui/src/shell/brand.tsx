export function Brand() {
    return (
        <span class="flex items-center gap-2.5 font-semibold tracking-tight">
            <svg viewBox="0 0 32 32" class="size-8" aria-hidden="true">
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
            LLM Gateway
        </span>
    );
}
