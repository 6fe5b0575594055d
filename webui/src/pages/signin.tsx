import { useState } from "preact/hooks";
import { signIn } from "../api/account";
import { t } from "../i18n";
import { useAction } from "../state/action";
import { brand } from "../state/brand";
import { place } from "../state/router";
import { enter, FORGOT, SIGN_UP } from "../state/session";
import { site } from "../state/site";
import { Button } from "../ui/button";
import { Page } from "../ui/card";
import { TextField } from "../ui/field";
import { Form } from "../ui/form";
import { Failure } from "../ui/notice";
import { CodeStep, firstStep } from "./codestep";
import { Welcome } from "./welcome";

export function SignIn() {
    const [email, setEmail] = useState("");
    const [password, setPassword] = useState("");
    const [token, setToken] = useState<string | null>(null);
    const { run, isBusy, error } = useAction(async () =>
        setToken(await firstStep(async () => enter(await signIn({ email, password })))),
    );
    const { query } = place.value;
    if (token !== null) {
        return (
            <Welcome>
                <Page title={t("factor.stepTitle")} lead={email}>
                    <CodeStep token={token} onBack={() => setToken(null)} />
                </Page>
            </Welcome>
        );
    }
    return (
        <Welcome>
            <Page title={t("auth.signIn")} lead={t("auth.at", { name: brand.name })}>
                <Form onSend={run}>
                    <TextField
                        label={t("auth.email")}
                        type="email"
                        autocomplete="email"
                        required
                        value={email}
                        onValue={setEmail}
                    />
                    <TextField
                        label={t("auth.password")}
                        type="password"
                        autocomplete="current-password"
                        required
                        value={password}
                        onValue={setPassword}
                    />
                    <Failure error={error} />
                    <Button type="submit" kind="primary" busy={isBusy}>
                        {t("auth.signIn")}
                    </Button>
                </Form>
                {site.value?.mail && (
                    <p>
                        <a
                            class="font-medium text-accent underline underline-offset-2"
                            href={FORGOT}
                        >
                            {t("auth.forgot")}
                        </a>
                    </p>
                )}
                {site.value?.sign_up !== "closed" && (
                    <p class="text-soft">
                        {t("auth.noAccount")}{" "}
                        <a
                            class="font-medium text-accent underline underline-offset-2"
                            href={SIGN_UP + (query.size > 0 ? "?" + query.toString() : "")}
                        >
                            {t("auth.signUp")}
                        </a>
                    </p>
                )}
            </Page>
        </Welcome>
    );
}
