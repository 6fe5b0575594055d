// Language and theme, wherever one is.
import { LOCALES, type Locale, locale, switchLanguage, t } from "../i18n";
import { switchTheme, type Theme, theme } from "../state/theme";
import { Icon, type IconName } from "../ui/icon";

const THEMES = [
    { value: "system", icon: "screen", label: "theme.system" },
    { value: "light", icon: "sun", label: "theme.light" },
    { value: "dark", icon: "moon", label: "theme.dark" },
] as const satisfies readonly { value: Theme; icon: IconName; label: string }[];

function LanguageChoice() {
    return (
        <select
            class="min-h-8 cursor-pointer rounded-lg border border-line-strong bg-surface px-2 text-sm"
            aria-label={t("preferences.language")}
            value={locale()}
            onChange={(event) => void switchLanguage(event.currentTarget.value as Locale)}
        >
            {LOCALES.map((known) => (
                <option
                    key={known.locale}
                    value={known.locale}
                    lang={known.locale}
                    selected={known.locale === locale()}
                >
                    {known.name}
                </option>
            ))}
        </select>
    );
}

function ThemeChoice() {
    return (
        <fieldset class="flex rounded-lg border border-line-strong bg-surface p-0.5">
            <legend class="sr-only">{t("preferences.theme")}</legend>
            {THEMES.map(({ value, icon, label }) => (
                <label
                    key={value}
                    title={t(label)}
                    class="flex size-7 cursor-pointer items-center justify-center rounded-md text-soft hover:text-ink has-checked:bg-accent-wash has-checked:text-accent-strong has-focus-visible:outline-2 has-focus-visible:outline-accent"
                >
                    <input
                        type="radio"
                        name="theme"
                        class="sr-only"
                        checked={theme.value === value}
                        onChange={() => switchTheme(value)}
                    />
                    <Icon name={icon} class="size-4" />
                    <span class="sr-only">{t(label)}</span>
                </label>
            ))}
        </fieldset>
    );
}

export function Preferences() {
    return (
        <div class="flex items-center gap-2">
            <LanguageChoice />
            <ThemeChoice />
        </div>
    );
}
