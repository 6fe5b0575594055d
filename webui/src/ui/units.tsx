// What is priced, by name; and the prices of a model beside those of plain tokens.
import type { PriceCondition, Prices, Unit, Units } from "../api/types";
import { exactDecimal } from "../base/money";
import { count } from "../base/number";
import { weekday } from "../base/time";
import { type PlainKey, locale, t } from "../i18n";
import { Card } from "./card";

export const UNITS: Record<Unit, PlainKey> = {
    input: "charge.input",
    cached_input: "charge.cachedInput",
    output: "charge.output",
    cache_write: "charge.cacheWrite",
    cache_write_long: "charge.cacheWriteLong",
    audio_input: "charge.audioInput",
    image_input: "charge.imageInput",
    reasoning: "charge.reasoning",
    audio_output: "charge.audioOutput",
    image_output: "charge.imageOutput",
    web_search: "charge.webSearch",
    request: "charge.request",
    cached_audio_input: "charge.cachedAudioInput",
    cached_image_input: "charge.cachedImageInput",
    image: "charge.image",
    second: "charge.second",
    character: "charge.character",
    page: "charge.page",
    session: "charge.session",
    file_search: "charge.fileSearch",
    maps_search: "charge.mapsSearch",
};

const USUAL: readonly string[] = ["input", "cached_input", "output"];
const EACH: readonly string[] = [
    "web_search",
    "request",
    "image",
    "second",
    "character",
    "page",
    "session",
    "file_search",
    "maps_search",
];

/** Those that were used, in the order of the charge. */
function used(units: Units): [Unit, number][] {
    return (Object.keys(UNITS) as Unit[]).flatMap((unit) => {
        const quantity = units[unit];
        return quantity === undefined ? [] : [[unit, quantity] as [Unit, number]];
    });
}

/** A line for each unit beside the numbers of a row. */
export function UnitLines({ units = {} }: { units: Units | undefined }) {
    return (
        <>
            {used(units).map(([unit, quantity]) => (
                <span key={unit} class="block text-sm whitespace-nowrap text-soft">
                    {t(UNITS[unit])} {count(quantity, locale())}
                </span>
            ))}
        </>
    );
}

/** What was used beside plain tokens; nothing if nothing was. Stands last: it comes when it is known. */
export function UnitTotals({ units = {} }: { units: Units | undefined }) {
    const lines = used(units);
    if (lines.length === 0) {
        return null;
    }
    return (
        <Card title={t("units.title")} note={t("units.note")}>
            <dl class="grid grid-cols-2 gap-x-6 gap-y-3 sm:grid-cols-3 lg:grid-cols-4">
                {lines.map(([unit, quantity]) => (
                    <div key={unit}>
                        <dt class="text-sm text-soft">{t(UNITS[unit])}</dt>
                        <dd class="figures font-medium">{count(quantity, locale())}</dd>
                    </div>
                ))}
            </dl>
        </Card>
    );
}

/** A line for each price that most models do not have. */
export function OtherPrices({ prices }: { prices: Prices }) {
    const others = (Object.keys(UNITS) as Unit[]).filter(
        (unit) => !USUAL.includes(unit) && prices[unit] !== undefined,
    );
    return (
        <>
            {others.map((unit) => (
                <span key={unit} class="block text-sm whitespace-normal text-soft">
                    {t(UNITS[unit])} {exactDecimal(prices[unit] ?? "0")}
                    {EACH.includes(unit) && ` ${t("charge.each")}`}
                </span>
            ))}
        </>
    );
}

function timeTexts(when: PriceCondition["when"]): string[] {
    const days = (when.weekdays ?? []).map((day) => weekday(day, locale())).join(" ");
    const hours = [days, when.hours, when.zone].filter(Boolean).join(" ");
    return [
        hours,
        when.from ? t("price.from", { time: when.from }) : "",
        when.until ? t("price.until", { time: when.until }) : "",
    ];
}

function conditionText({ when, prices, factor }: PriceCondition): string {
    const conditions = [
        when.prompt_above !== undefined &&
            t("price.promptAbove", { n: count(when.prompt_above, locale()) }),
        when.service_tier && t("price.tier", { name: when.service_tier }),
        when.speed && t("price.speed", { name: when.speed }),
        when.region && t("price.region", { name: when.region }),
        when.choice && t("price.choice", { name: when.choice }),
        when.search_context && t("price.searchContext", { name: when.search_context }),
        when.size && t("price.size", { name: when.size }),
        when.quality && t("price.quality", { name: when.quality }),
        when.resolution && t("price.resolution", { name: when.resolution }),
        ...timeTexts(when),
    ];
    const what = factor
        ? [`× ${factor}`]
        : (Object.keys(UNITS) as Unit[])
              .filter((unit) => prices?.[unit] !== undefined)
              .map((unit) => `${t(UNITS[unit])} ${exactDecimal(prices?.[unit] ?? "0")}`);
    return `${conditions.filter(Boolean).join(", ")}: ${what.join(", ")}`;
}

/** A line for each condition under which other prices count. */
export function PriceConditions({ prices }: { prices: Prices }) {
    return (
        <>
            {(prices.conditions ?? []).map((condition) => (
                <span
                    key={conditionText(condition)}
                    class="block text-sm whitespace-normal text-soft"
                >
                    {conditionText(condition)}
                </span>
            ))}
        </>
    );
}
