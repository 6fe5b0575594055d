// Confirming an address by the link that was mailed to it. The token stands behind the # of the
// address, which browsers send nowhere. A button, not the visit, uses the link up: mail servers visit
// links, too.
import { useState } from "preact/hooks";
import { verifyAddress } from "../api/notices";
import { t } from "../i18n";
import { useAction } from "../state/action";
import { HOME, refreshUser } from "../state/session";
import { Button } from "../ui/button";
import { Page } from "../ui/card";
import { Failure, Notice } from "../ui/notice";
import { Welcome } from "./welcome";

export function Verify() {
    const [token] = useState(() => location.hash.slice(1));
    const [email, setEmail] = useState<string | null>(null);
    const { run, isBusy, error } = useAction(async () => {
        setEmail((await verifyAddress(token)).email);
        await refreshUser();
    });
    return (
        <Welcome>
            <Page title={t("verify.title")} lead={email === null ? t("verify.lead") : ""}>
                <Failure error={error} />
                {email === null ? (
                    <Button kind="primary" busy={isBusy} onClick={() => run()}>
                        {t("verify.action")}
                    </Button>
                ) : (
                    <>
                        <Notice tone="good" isAlert>
                            <p class="wrap-anywhere">{t("verify.done", { email })}</p>
                        </Notice>
                        <p>
                            <a
                                class="font-medium text-accent underline underline-offset-2"
                                href={HOME}
                            >
                                {t("verify.on")}
                            </a>
                        </p>
                    </>
                )}
            </Page>
        </Welcome>
    );
}
