// A file for a spreadsheet, and how numbers are written in it: a spreadsheet in German takes 1.5 for
// a text. At first as the browser's own language writes them, which may be none of ours.
import { computed, signal } from "@preact/signals";
import { useId } from "preact/hooks";
import { actionOn } from "../base/names";
import { t } from "../i18n";
import { read, write } from "../state/storage";
import { ButtonLink } from "./button";

type Decimal = "point" | "comma";

const STORED = "csv decimal";

function usual(): Decimal {
    const parts = new Intl.NumberFormat(navigator.language).formatToParts(1.5);
    return parts.some(({ type, value }) => type === "decimal" && value === ",") ? "comma" : "point";
}

function stored(): Decimal | null {
    const text = read(STORED);
    return text === "comma" || text === "point" ? text : null;
}

const chosen = signal(stored());
/** Asked when the first link is shown: the browser's first format takes 20 ms of every visit. */
const decimal = computed(() => chosen.value ?? usual());

function choose(wanted: Decimal): void {
    write(STORED, wanted);
    chosen.value = wanted;
}

function withDecimal(href: string): string {
    const mark = href.includes("?") ? "&" : "?";
    return decimal.value === "comma" ? `${href}${mark}decimal=comma` : href;
}

interface CsvLinkProps {
    href: string;
    text: string;
    name?: string; // whose, in a list where every row has such a link
    size?: "small";
}

export function CsvLink({ href, text, name, size }: CsvLinkProps) {
    const id = useId();
    const height = size === "small" ? "min-h-8 text-sm" : "min-h-10";
    return (
        <div class="inline-flex items-center gap-2">
            <ButtonLink
                {...(size && { size })}
                {...(name && { label: actionOn(text, name) })}
                icon="download"
                href={withDecimal(href)}
                download
            >
                {text}
            </ButtonLink>
            <label for={id} class="sr-only">
                {t("csv.decimal")}
            </label>
            <select
                id={id}
                title={t("csv.decimal")}
                class={`${height} cursor-pointer rounded-lg border border-line-strong bg-surface px-2`}
                value={decimal.value}
                onChange={(event) => choose(event.currentTarget.value as Decimal)}
            >
                <option value="point" selected={decimal.value === "point"}>
                    1.5
                </option>
                <option value="comma" selected={decimal.value === "comma"}>
                    1,5
                </option>
            </select>
        </div>
    );
}
