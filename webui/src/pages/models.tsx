import { getModels } from "../api/resources";
import { t } from "../i18n";
import { useResource } from "../state/resource";
import { Page } from "../ui/card";
import { PriceList } from "./pricelist";

export function Models() {
    const models = useResource("models", getModels);
    return (
        <Page title={t("nav.models")} lead={t("models.lead")}>
            <PriceList caption={t("nav.models")} models={models} canTry />
        </Page>
    );
}
