import { t } from "../i18n";
import { HOME } from "../state/session";
import { ButtonLink } from "../ui/button";
import { Card, Page } from "../ui/card";
import { Empty } from "../ui/empty";

export function NotFound() {
    return (
        <Page title={t("notFound.title")}>
            <Card>
                <Empty
                    icon="search"
                    title={t("notFound.text")}
                    action={<ButtonLink href={HOME}>{t("notFound.home")}</ButtonLink>}
                />
            </Card>
        </Page>
    );
}
