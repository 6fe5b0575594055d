import { timeOfDay } from "../base/time";
import { locale, t } from "../i18n";
import { offlineSince } from "../state/connection";
import { Badge } from "./badge";

/** That what is shown comes by itself; or since when it does not. */
export function LiveBadge() {
    const since = offlineSince.value;
    if (since !== null) {
        return <Badge tone="bad">{t("home.offline", { time: timeOfDay(since, locale()) })}</Badge>;
    }
    return (
        <Badge tone="good">
            <span class="size-2 animate-pulse rounded-full bg-current" aria-hidden="true" />
            {t("home.live")}
        </Badge>
    );
}
