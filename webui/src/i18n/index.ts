// The language of the pages: chosen by the browser, switched by hand, kept in this browser.
import { signal } from "@preact/signals";
import { read, write } from "../state/storage";
import { en } from "./en";
import { type Locale, preferred, STORED_LANGUAGE } from "./preferred";
import { fill, type Params, type Values } from "./text";

export type Key = keyof typeof en;
/** The names of texts without parameters. */
export type PlainKey = {
    [K in Key]: [Params<(typeof en)[K]>] extends [never] ? K : never;
}[Key];
export type Catalogue = Readonly<Record<Key, string>>;
export type { Locale };

export const LOCALES: readonly { locale: Locale; name: string }[] = [
    { locale: "en", name: "English" },
    { locale: "ko", name: "한국어" },
];

const current = signal<{ locale: Locale; catalogue: Catalogue }>({ locale: "en", catalogue: en });

/** The present language; whoever renders with it is rendered again when it changes. */
export function locale(): Locale {
    return current.value.locale;
}

type Arguments<K extends Key> = [Params<(typeof en)[K]>] extends [never]
    ? []
    : [values: Record<Params<(typeof en)[K]>, string | number>];

/** The text of that name in the present language. */
export function t<K extends Key>(key: K, ...values: Arguments<K>): string {
    return fill(current.value.catalogue[key], values[0] as Values | undefined);
}

/** The text of that name if there is one: for names that are put together, like those of errors. */
export function textNamed(name: string): string | null {
    return Object.hasOwn(en, name) ? current.value.catalogue[name as Key] : null;
}

async function catalogueOf(wanted: Locale): Promise<Catalogue> {
    return wanted === "ko" ? (await import("./ko")).ko : en;
}

async function use(wanted: Locale): Promise<void> {
    current.value = { locale: wanted, catalogue: await catalogueOf(wanted) };
    document.documentElement.lang = wanted;
}

export async function startLanguage(): Promise<void> {
    await use(preferred(read(STORED_LANGUAGE), navigator.languages));
}

export async function switchLanguage(wanted: Locale): Promise<void> {
    write(STORED_LANGUAGE, wanted);
    await use(wanted);
}
