// Which providers fail or are left out: said above the cards, which are many screens on a phone.
import { useRef } from "preact/hooks";
import type { Health, Provider } from "../../api/admin";
import { t } from "../../i18n";
import { Notice } from "../../ui/notice";

const URGENCY: Record<Health, number> = { down: 0, degraded: 1, ok: 2, idle: 3, unavailable: 4 };

/** Where a card stands on the page. */
export function placeOf({ name }: Pick<Provider, "name">): string {
    return `provider-${name}`;
}

function isLeftOut({ account_refused_until: refused, models }: Provider["recent"]): boolean {
    return refused !== null || models.some(({ breaker }) => breaker !== "closed");
}

/** One without a key is not in trouble: nobody has set it up. */
export function isInTrouble({ health, available, recent }: Provider): boolean {
    return health === "down" || health === "degraded" || (available && isLeftOut(recent));
}

function urgency(provider: Provider): number {
    return URGENCY[provider.health] - (isInTrouble(provider) ? 3 : 0);
}

/** The most urgent first, as they were when they came: later a card under somebody's pointer must not
 * move away, and the notice tells what is new. */
export function useOrder(providers: readonly Provider[] | undefined): readonly Provider[] {
    const names = useRef<string[]>([]);
    if (!providers) {
        return [];
    }
    if (names.current.length === 0) {
        const sorted = [...providers].sort((a, b) => urgency(a) - urgency(b));
        names.current = sorted.map(({ name }) => name);
    }
    const place = ({ name }: Provider) => {
        const at = names.current.indexOf(name);
        return at < 0 ? names.current.length : at; // it came with a reload
    };
    return [...providers].sort((a, b) => place(a) - place(b));
}

/** Nothing to be seen while all is well; but there, so that screen readers say what comes. */
export function ProviderTrouble({ providers }: { providers: readonly Provider[] }) {
    const troubled = providers.filter(isInTrouble);
    return (
        <div role="status" class="empty:absolute">
            {troubled.length > 0 && <Trouble providers={troubled} />}
        </div>
    );
}

function Trouble({ providers }: { providers: readonly Provider[] }) {
    return (
        <Notice tone="bad" title={t("providers.trouble", { n: providers.length })}>
            <ul class="mt-1 flex flex-wrap gap-x-4 gap-y-1">
                {providers.map((provider) => (
                    <li key={provider.name}>
                        <a
                            class="break-all underline underline-offset-2"
                            href={`#${placeOf(provider)}`}
                        >
                            {provider.name}
                        </a>
                        {`: ${t(`health.${provider.health}`)}`}
                    </li>
                ))}
            </ul>
        </Notice>
    );
}
