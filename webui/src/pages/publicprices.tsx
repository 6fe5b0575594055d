// What everybody may see of the prices, without an account (public_prices in gateway.conf).
import { getPublicModels } from "../api/resources";
import { t } from "../i18n";
import { useResource } from "../state/resource";
import { HOME, session, SIGN_IN, SIGN_UP } from "../state/session";
import { ButtonLink } from "../ui/button";
import { Page } from "../ui/card";
import { PriceList } from "./pricelist";

function Ways() {
    if (session.value.state === "user") {
        return <ButtonLink href={HOME}>{t("prices.dashboard")}</ButtonLink>;
    }
    return (
        <>
            <ButtonLink href={SIGN_IN}>{t("auth.signIn")}</ButtonLink>
            <ButtonLink kind="primary" href={SIGN_UP}>
                {t("auth.signUp")}
            </ButtonLink>
        </>
    );
}

export function PublicPrices() {
    const models = useResource("public prices", getPublicModels);
    return (
        <Page title={t("prices.title")} lead={t("prices.lead")} actions={<Ways />}>
            <PriceList caption={t("prices.title")} models={models} canTry={false} />
        </Page>
    );
}
