// Confirming an address by the link that was mailed to it. The token stands behind the # of the
// address, which browsers send nowhere. A button, not the visit, uses the link up: mail servers visit
// links, too. And only who is signed in to the account: a stranger may have made it with this address.
import { useState } from "preact/hooks";
import { verifyAddress } from "../api/notices";
import { t } from "../i18n";
import { useAction } from "../state/action";
import { FORGOT, HOME, refreshUser, SIGN_IN, session } from "../state/session";
import { Button, ButtonLink } from "../ui/button";
import { Page } from "../ui/card";
import { Failure, Notice } from "../ui/notice";
import { Welcome } from "./welcome";

/** Kept while the reader signs in: that page's address has no token. */
let lastToken = "";

function takeToken(): string {
    lastToken = location.hash.slice(1) || lastToken;
    return lastToken;
}

/** Whose link it is cannot be told here: the account may be a stranger's. */
function SignInFirst() {
    return (
        <>
            <ButtonLink
                kind="primary"
                href={SIGN_IN + "?next=" + encodeURIComponent(HOME + "/verify")}
            >
                {t("auth.signIn")}
            </ButtonLink>
            <p class="text-soft">
                {t("verify.notYours")}{" "}
                <a class="font-medium text-accent underline underline-offset-2" href={FORGOT}>
                    {t("auth.forgot")}
                </a>
            </p>
        </>
    );
}

export function Verify() {
    const [token] = useState(takeToken);
    const isKnown = session.value.state === "user";
    const [email, setEmail] = useState<string | null>(null);
    const { run, isBusy, error } = useAction(async () => {
        setEmail((await verifyAddress(token)).email);
        await refreshUser();
    });
    const lead = isKnown ? t("verify.lead") : t("verify.signInLead");
    return (
        <Welcome>
            <Page title={t("verify.title")} lead={email === null ? lead : ""}>
                <Failure error={error} />
                {email === null && !isKnown ? (
                    <SignInFirst />
                ) : email === null ? (
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
