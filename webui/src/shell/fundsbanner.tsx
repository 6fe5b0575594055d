// That there is little or no money left, on every page of who pays for calls.
import { getRefusedCount } from "../api/resources";
import { glance, usd } from "../base/money";
import { count } from "../base/number";
import { locale, t } from "../i18n";
import { funds, shortOf } from "../state/funds";
import { usePulse } from "../state/pulse";
import { useResource } from "../state/resource";
import { session } from "../state/session";
import { Icon } from "../ui/icon";

export function FundsBanner() {
    usePulse(() => undefined); // it must be true on pages that watch nothing, too
    const now = funds.value;
    const short = now && shortOf(now);
    // Operators sell credits; they need none.
    const isCustomer = session.value.state === "user" && session.value.user.role === "user";
    return short && isCustomer ? <Strip short={short} available={now.available} /> : null;
}

function Strip({ short, available }: { short: "none" | "low"; available: string }) {
    const look = short === "none" ? "bg-bad-wash text-bad" : "bg-warn-wash text-warn";
    return (
        <section aria-label={t("funds.label")} class={`px-4 py-1.5 ${look}`}>
            <p class="flex flex-wrap items-center justify-center gap-x-2 text-center text-sm font-medium">
                <Icon name="warning" class="size-4" />
                {short === "none"
                    ? t("funds.none")
                    : t("funds.low", { available: glance(usd(available)) })}
                <Refused />
                <a class="underline underline-offset-2" href="/dashboard/credits">
                    {t("credits.add")}
                </a>
            </p>
        </section>
    );
}

/** How much it hurts. */
function Refused() {
    const refused = useResource("refused for money", getRefusedCount);
    usePulse(refused.reload);
    const n = refused.data ?? 0;
    return n > 0 ? (
        <a class="underline underline-offset-2" href="/dashboard/usage?view=refused">
            {t("funds.refused", { n: count(n, locale()) })}
        </a>
    ) : null;
}
