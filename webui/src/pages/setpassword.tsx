// Setting a password by the link that the operator has given. The token stands behind the # of the
// address, which browsers send nowhere.
import { useState } from "preact/hooks";
import { findLink, redeemLink } from "../api/account";
import { t } from "../i18n";
import { errorOf, errorOfNone, useAction } from "../state/action";
import { useResource } from "../state/resource";
import { enter } from "../state/session";
import { Button } from "../ui/button";
import { Page } from "../ui/card";
import { TextField } from "../ui/field";
import { Failure } from "../ui/notice";
import { PasswordRules } from "../ui/passwordrules";
import { Welcome } from "./welcome";

export function SetPassword() {
    const [token] = useState(() => location.hash.slice(1));
    const link = useResource(`password link ${token}`, () => findLink(token));
    const [password, setPassword] = useState("");
    const { run, isBusy, error } = useAction(async () =>
        enter(await redeemLink({ token, password })),
    );
    const email = link.data?.email ?? "";
    const onSubmit = (event: Event) => {
        event.preventDefault();
        run();
    };
    return (
        <Welcome>
            <Page title={t("setPassword.title")} lead={email}>
                <Failure error={link.error} />
                {!link.error && (
                    <form class="flex flex-col gap-4" onSubmit={onSubmit}>
                        <input type="hidden" autocomplete="username" value={email} />
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
                        <Failure error={errorOfNone(error, "password")} />
                        <Button type="submit" kind="primary" busy={isBusy}>
                            {t("setPassword.action")}
                        </Button>
                    </form>
                )}
            </Page>
        </Welcome>
    );
}
