import { useState } from "preact/hooks";
import { signUp } from "../api/account";
import { judge, type Rule } from "../base/password";
import { t } from "../i18n";
import { errorOf, errorOfNone, useAction } from "../state/action";
import { place } from "../state/router";
import { enter, SIGN_IN } from "../state/session";
import { site } from "../state/site";
import { Button } from "../ui/button";
import { Page } from "../ui/card";
import { TextField } from "../ui/field";
import { Icon } from "../ui/icon";
import { Failure } from "../ui/notice";
import { Welcome } from "./welcome";

const CHARS_MIN = 10;

function textOf(rule: Rule, charsMin: number): string {
    switch (rule) {
        case "length":
            return t("auth.rule.length", { n: charsMin });
        case "email":
            return t("auth.rule.email");
        case "repeated":
            return t("auth.rule.repeated");
    }
}

function Rules({ password, email }: { password: string; email: string }) {
    const charsMin = site.value?.password.chars_min ?? CHARS_MIN;
    return (
        <ul class="flex flex-col gap-1" aria-label={t("auth.rules")}>
            {judge(password, email, charsMin).map(({ rule, isMet }) => (
                <li key={rule} class={`flex items-center gap-2 ${isMet ? "text-good" : ""}`}>
                    <Icon name={isMet ? "check" : "info"} class="size-4" />
                    {textOf(rule, charsMin)}
                    {isMet && <span class="sr-only">{t("auth.rule.met")}</span>}
                </li>
            ))}
        </ul>
    );
}

export function SignUp() {
    const [form, setForm] = useState({ name: "", email: "", password: "" });
    const set = (name: keyof typeof form) => (value: string) =>
        setForm((before) => ({ ...before, [name]: value }));
    const { run, isBusy, error } = useAction(async () => {
        const { name, email, password } = form;
        enter(await signUp({ email, password, ...(name.trim() && { name: name.trim() }) }));
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
                        hint={<Rules password={form.password} email={form.email} />}
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
