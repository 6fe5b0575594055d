// Before anything else: the terms have changed, or were never accepted.
import { useState } from "preact/hooks";
import { acceptTerms } from "../api/account";
import { t } from "../i18n";
import { errorOf, errorOfNone, useAction } from "../state/action";
import { session, signOutHere } from "../state/session";
import { site } from "../state/site";
import { Button } from "../ui/button";
import { Page } from "../ui/card";
import { Form } from "../ui/form";
import { Failure } from "../ui/notice";
import { AcceptTerms } from "../ui/terms";
import { Welcome } from "./welcome";

export function NewTerms() {
    const [hasAccepted, setAccepted] = useState(false);
    const { run, isBusy, error } = useAction(async () => {
        const visitor = await acceptTerms(site.peek()?.terms_version ?? "");
        session.value = { state: "user", ...visitor };
    });
    const leaving = useAction(signOutHere);
    return (
        <Welcome>
            <Page title={t("terms.newTitle")} lead={t("terms.newLead")}>
                <Form onSend={run}>
                    <AcceptTerms
                        isAccepted={hasAccepted}
                        onAccepted={setAccepted}
                        error={errorOf(error, "version")}
                    />
                    <Failure error={errorOfNone(error, "version") || leaving.error} />
                    <div class="flex flex-wrap gap-2">
                        <Button type="submit" kind="primary" busy={isBusy}>
                            {t("terms.go")}
                        </Button>
                        <Button busy={leaving.isBusy} onClick={() => leaving.run()}>
                            {t("auth.signOut")}
                        </Button>
                    </div>
                </Form>
            </Page>
        </Welcome>
    );
}
