import { getSummary, getUsage } from "../../api/resources";
import { lastDays } from "../../base/days";
import { usd } from "../../base/money";
import { t } from "../../i18n";
import { hurry, usePulse } from "../../state/pulse";
import { useResource } from "../../state/resource";
import { ButtonLink } from "../../ui/button";
import { Page } from "../../ui/card";
import { Failure } from "../../ui/notice";
import { FirstSteps } from "./firststeps";
import { Latest } from "./latest";
import { Money } from "./money";
import { SpendChart } from "./spendchart";

const DAYS = 30;
const LATEST = 8;

export function Home() {
    const now = Date.now();
    const days = lastDays(now, DAYS);
    const from = days[0];
    const summary = useResource(`home summary ${from}`, (signal) =>
        getSummary({ from, by: "day,model" }, signal),
    );
    const latest = useResource("home latest", (signal) =>
        getUsage({ limit: LATEST, totals: "no" }, signal),
    );
    const pulse = usePulse(() => {
        summary.reload();
        latest.reload();
    });
    const isUnused = latest.data?.data.length === 0 && summary.data?.data.length === 0;
    // A new account has other cards: none is shown, to be clicked on, that might be taken away.
    const isUnsure =
        !summary.error &&
        !latest.error &&
        (!latest.data || (latest.data.data.length === 0 && !summary.data));
    const retry = () => {
        summary.reload();
        latest.reload();
        hurry();
    };
    return (
        <Page
            title={t("nav.home")}
            actions={
                <>
                    <ButtonLink href="/dashboard/credits" icon="plus">
                        {t("credits.add")}
                    </ButtonLink>
                    <ButtonLink href="/dashboard/keys?new=1" icon="keys" kind="primary">
                        {t("keys.create")}
                    </ButtonLink>
                </>
            }
        >
            <Failure error={summary.error ?? latest.error} retry={retry} />
            <Money balance={pulse} rows={summary.data?.data} days={days} />
            {isUnused && <FirstSteps hasCredits={pulse !== null && usd(pulse.available) > 0n} />}
            {isUnsure && <HomeBones />}
            {!isUnused && !isUnsure && (
                <>
                    <SpendChart rows={summary.data?.data} days={days} />
                    <Latest rows={latest.data?.data} />
                </>
            )}
        </Page>
    );
}

/** In the size of the cards of an account that is used. */
function HomeBones() {
    return (
        <>
            <div class="panel skeleton h-116 sm:h-104" aria-busy="true" />
            <div class="panel skeleton h-96" aria-busy="true" />
        </>
    );
}
