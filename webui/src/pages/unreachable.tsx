import { t } from "../i18n";
import { OutsideLayout } from "../shell/layout";
import { Page } from "../ui/card";
import { Failure } from "../ui/notice";

/** The gateway did not even say who is signed in. */
export function Unreachable({ error }: { error: unknown }) {
    return (
        <OutsideLayout>
            <Page title={t("unreachable.title")}>
                <Failure error={error} retry={() => location.reload()} />
            </Page>
        </OutsideLayout>
    );
}
