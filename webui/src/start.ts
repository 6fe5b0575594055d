// Stands in the page itself and runs before anything is painted or fetched: a theme that was chosen
// by hand must not flash up as the other one, and what the page will need is asked for at once
// instead of one after the other. Keep it small; the build writes it there (inline.ts).
import { preferred, STORED_LANGUAGE } from "./i18n/preferred";
import { filesOf } from "./pages/where";
import { read } from "./state/storage";
import { FIRST_ANSWERS } from "./api/first";

/** Of the build: the scripts that a file of src/ needs, with those that they import. */
declare const SCRIPTS_OF: Readonly<Record<string, readonly string[]>>;

function showTheme(): void {
    const theme = read("theme");
    if (theme === "light" || theme === "dark") {
        document.documentElement.dataset["theme"] = theme;
    }
}

function preload(href: string): void {
    const link = document.createElement("link");
    link.rel = "modulepreload";
    link.fetchPriority = "low";
    link.href = href;
    document.head.append(link);
}

function preloadScripts(): void {
    const language = preferred(read(STORED_LANGUAGE), navigator.languages);
    const files = [
        ...filesOf(location.pathname).map((file) => `pages/${file}`),
        `i18n/${language}.ts`,
    ];
    new Set(files.flatMap((file) => SCRIPTS_OF[file] ?? [])).forEach(preload);
}

function askFirst(): void {
    window.firstAnswers = {};
    for (const path of FIRST_ANSWERS) {
        const answer = fetch(path, { cache: "no-store" });
        answer.catch(() => undefined); // whoever takes it hears of it
        window.firstAnswers[path] = answer;
    }
}

showTheme();
preloadScripts();
askFirst();
