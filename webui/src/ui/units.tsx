// What is priced, by name; and the prices of a model beside those of plain tokens.
import type { Prices, Unit } from "../api/types";
import { exactDecimal } from "../base/money";
import { type PlainKey, t } from "../i18n";

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
};

const USUAL: readonly string[] = ["input", "cached_input", "output"];
const EACH: readonly string[] = ["web_search", "request"];

/** A line for each price that most models do not have. */
export function OtherPrices({ prices }: { prices: Prices }) {
    const others = (Object.keys(UNITS) as Unit[]).filter(
        (unit) => !USUAL.includes(unit) && prices[unit] !== undefined,
    );
    return (
        <>
            {others.map((unit) => (
                <span key={unit} class="block text-sm whitespace-nowrap text-soft">
                    {t(UNITS[unit])} {exactDecimal(prices[unit] ?? "0")}
                    {EACH.includes(unit) && ` ${t("charge.each")}`}
                </span>
            ))}
        </>
    );
}
