// Which language this browser wants. Also part of the script in the page's head (start.ts).

export type Locale = "en" | "ko";

export const STORED_LANGUAGE = "language";

const LOCALES: readonly string[] = ["en", "ko"] satisfies Locale[];

function isLocale(text: string | undefined): text is Locale {
    return text !== undefined && LOCALES.includes(text);
}

/** The first language of the browser that we have. */
export function preferred(stored: string | null, languages: readonly string[]): Locale {
    const wanted = [stored ?? "", ...languages].map((tag) => tag.toLowerCase().split("-")[0]);
    return wanted.find(isLocale) ?? "en";
}
