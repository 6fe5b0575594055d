// For whoever has forgotten the password: a mail with a link to set another one.
import { useState } from "preact/hooks";
import { forgotPassword } from "../api/notices";
import { t } from "../i18n";
import { errorOf, errorOfNone, useAction } from "../state/action";
import { SIGN_IN } from "../state/session";
import { Button } from "../ui/button";
import { Page } from "../ui/card";
import { TextField } from "../ui/field";
import { Form } from "../ui/form";
import { Failure, Notice } from "../ui/notice";
import { Welcome } from "./welcome";

export function Forgot() {
    const [email, setEmail] = useState("");
    const [sentTo, setSentTo] = useState<string | null>(null);
    const { run, isBusy, error } = useAction(async () => {
        await forgotPassword(email);
        setSentTo(email);
    });
    return (
        <Welcome>
            <Page title={t("forgot.title")} lead={t("forgot.lead")}>
                <Form onSend={run}>
                    <TextField
                        label={t("auth.email")}
                        type="email"
                        autocomplete="email"
                        required
                        value={email}
                        onValue={setEmail}
                        error={errorOf(error, "email")}
                    />
                    <Failure error={errorOfNone(error, "email")} />
                    <Button type="submit" kind="primary" busy={isBusy}>
                        {t("forgot.action")}
                    </Button>
                    {sentTo !== null && (
                        <Notice tone="good" isAlert>
                            <p class="wrap-anywhere">{t("forgot.sent", { email: sentTo })}</p>
                        </Notice>
                    )}
                </Form>
                <p>
                    <a class="font-medium text-accent underline underline-offset-2" href={SIGN_IN}>
                        {t("forgot.back")}
                    </a>
                </p>
            </Page>
        </Welcome>
    );
}
