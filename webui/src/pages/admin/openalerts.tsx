// That something is wrong, where the operator looks first: a refused reload, a provider that is down.
import { getAlerts } from "../../api/admin";
import { t, textNamed } from "../../i18n";
import { useEvery } from "../../state/every";
import { useResource } from "../../state/resource";
import { Notice } from "../../ui/notice";

const EVERY_MS = 5000;

/** Nothing while nothing is wrong; why they could not be asked for is told by the rest of the page. */
export function OpenAlerts() {
    const alerts = useResource("alerts", getAlerts);
    useEvery(EVERY_MS, alerts.reload);
    const open = alerts.data?.open ?? [];
    if (open.length === 0) {
        return null;
    }
    const names = open.map(({ kind, title }) => textNamed(`alert.${kind}`) ?? title);
    const isCritical = open.some(({ severity }) => severity === "critical");
    return (
        <Notice
            tone={isCritical ? "bad" : "warn"}
            title={t("overview.alerts", { n: open.length })}
            isAlert
        >
            <p>
                {[...new Set(names)].join(" · ")}{" "}
                <a class="font-medium underline underline-offset-2" href="/dashboard/admin/alerts">
                    {t("overview.toAlerts")}
                </a>
            </p>
        </Notice>
    );
}
