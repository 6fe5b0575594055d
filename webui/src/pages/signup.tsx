import { useState } from "preact/hooks";
import { signUp } from "../api/account";
import { locale, t } from "../i18n";
import { errorOf, errorOfNone, useAction } from "../state/action";
import { place } from "../state/router";
import { enter, SIGN_IN } from "../state/session";
import { Button } from "../ui/button";
import { Page } from "../ui/card";
import { TextField } from "../ui/field";
import { Failure } from "../ui/notice";
import { PasswordRules } from "../ui/passwordrules";
import { Welcome } from "./welcome";

export function SignUp() {
    const [form, setForm] = useState({ name: "", email: "", password: "" });
    const set = (name: keyof typeof form) => (value: string) =>
        setForm((before) => ({ ...before, [name]: value }));
    const { run, isBusy, error } = useAction(async () => {
        const { name, email, password } = form;
        const named = name.trim() && { name: name.trim() };
        enter(await signUp({ email, password, language: locale(), ...named }));
    });
    const onSubmit = (event: Event) => {
        event.preventDefault();
        run();
    };
    const { query } = place.value;
    return (
        <Welcome>
            <Page title={t("auth.signUp")}>
                <form class="flex flex-col gap-4" onSubmit={onSubmit}>
                    <TextField
                        label={t("auth.email")}
                        type="email"
                        autocomplete="email"
                        required
                        value={form.email}
                        onValue={set("email")}
                        error={errorOf(error, "email")}
                    />
                    <TextField
                        label={t("auth.name")}
                        autocomplete="name"
                        maxLength={100}
                        value={form.name}
                        onValue={set("name")}
                        error={errorOf(error, "name")}
                    />
                    <TextField
                        label={t("auth.password")}
                        type="password"
                        autocomplete="new-password"
                        required
                        value={form.password}
                        onValue={set("password")}
                        error={errorOf(error, "password")}
                        hint={<PasswordRules password={form.password} email={form.email} />}
                    />
                    <Failure error={errorOfNone(error, "email", "name", "password")} />
                    <Button type="submit" kind="primary" busy={isBusy}>
                        {t("auth.signUp")}
                    </Button>
                </form>
                <p class="text-soft">
                    {t("auth.haveAccount")}{" "}
                    <a
                        class="font-medium text-accent underline underline-offset-2"
                        href={SIGN_IN + (query.size > 0 ? "?" + query.toString() : "")}
                    >
                        {t("auth.signIn")}
                    </a>
                </p>
            </Page>
        </Welcome>
    );
}
