// Setting a password by the link that the operator has given. The token stands behind the # of the
// address, which browsers send nowhere.
import { useState } from "preact/hooks";
import { findLink, redeemLink } from "../api/account";
import { t } from "../i18n";
import { errorOf, errorOfNone, useAction } from "../state/action";
import { useResource } from "../state/resource";
import { go } from "../state/router";
import { enter, SIGN_IN } from "../state/session";
import { Button } from "../ui/button";
import { Page } from "../ui/card";
import { CheckField, TextField, Username } from "../ui/field";
import { Form } from "../ui/form";
import { Failure, Notice } from "../ui/notice";
import { PasswordRules } from "../ui/passwordrules";
import { CodeStep, firstStep } from "./codestep";
import { Welcome } from "./welcome";

export function SetPassword() {
    const [token] = useState(() => location.hash.slice(1));
    const link = useResource(`password link ${token}`, () => findLink(token));
    const [password, setPassword] = useState("");
    const [pending, setPending] = useState<string | null>(null);
    const [chosen, setChosen] = useState<boolean | null>(null);
    const takesOver = link.data?.takes_over ?? false;
    const disable_keys = chosen ?? takesOver;
    const { run, isBusy, error } = useAction(async () =>
        setPending(
            await firstStep(async () => enter(await redeemLink({ token, password, disable_keys }))),
        ),
    );
    const email = link.data?.email ?? "";
    if (pending !== null) {
        return (
            <Welcome>
                <Page title={t("factor.stepTitle")} lead={email}>
                    <Notice>{t("factor.passwordSet")}</Notice>
                    <CodeStep token={pending} onBack={() => go(SIGN_IN, { replace: true })} />
                </Page>
            </Welcome>
        );
    }
    return (
        <Welcome>
            <Page title={t("setPassword.title")} lead={email}>
                <Failure error={link.error} />
                {!link.error && (
                    <Form onSend={run}>
                        {takesOver && <Notice tone="warn">{t("setPassword.takesOver")}</Notice>}
                        <Username value={email} />
                        <TextField
                            label={t("account.next")}
                            type="password"
                            autocomplete="new-password"
                            required
                            value={password}
                            onValue={setPassword}
                            error={errorOf(error, "password")}
                            hint={<PasswordRules password={password} email={email} />}
                        />
                        <CheckField
                            label={t("setPassword.disableKeys")}
                            checked={disable_keys}
                            onChecked={setChosen}
                        />
                        <Failure error={errorOfNone(error, "password")} />
                        <Button type="submit" kind="primary" busy={isBusy}>
                            {t("setPassword.action")}
                        </Button>
                    </Form>
                )}
            </Page>
        </Welcome>
    );
}
