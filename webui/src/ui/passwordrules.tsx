// What a new password needs, and what of it is met already.
import { judge, type Rule } from "../base/password";
import { t } from "../i18n";
import { site } from "../state/site";
import { Icon } from "./icon";

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

export function PasswordRules({ password, email }: { password: string; email: string }) {
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
