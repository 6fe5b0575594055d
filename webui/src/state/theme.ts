// Light, dark, or what the system says. start.ts does the same before the first paint.
import { computed, signal } from "@preact/signals";
import { read, write } from "./storage";

export type Theme = "system" | "light" | "dark";

const STORED = "theme";

function stored(): Theme {
    const text = read(STORED);
    return text === "light" || text === "dark" ? text : "system";
}

export const theme = signal<Theme>(stored());

const systemDark = matchMedia("(prefers-color-scheme: dark)");
const isSystemDark = signal(systemDark.matches);
systemDark.addEventListener("change", () => (isSystemDark.value = systemDark.matches));

const effective = computed(() => {
    const chosen = theme.value;
    return chosen === "system" ? (isSystemDark.value ? "dark" : "light") : chosen;
});

/** What is on the screen: for what is painted, not styled. */
export function effectiveTheme(): "light" | "dark" {
    return effective.value;
}

export function switchTheme(wanted: Theme): void {
    write(STORED, wanted === "system" ? null : wanted);
    if (wanted === "system") {
        delete document.documentElement.dataset["theme"];
    } else {
        document.documentElement.dataset["theme"] = wanted;
    }
    theme.value = wanted;
}
