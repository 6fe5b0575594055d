// Every number of a charge: tokens, price and amount by kind, their exact sum, and how it became what
// was taken from the balance.
import type { ComponentChildren } from "preact";
import type { ChargeLine, RequestDetail } from "../api/types";
import { exactDecimal, usd } from "../base/money";
import { count } from "../base/number";
import { locale, t } from "../i18n";
import { UNITS } from "./units";

const NUMBER = "figures py-2 pl-4 text-right whitespace-nowrap";
const WIDE_ONLY = "max-sm:hidden"; // on a narrow page the kind says tokens and price, too
const ROW = "border-t border-line max-sm:flex max-sm:items-center max-sm:justify-between";

export function ChargeLines({ caption, lines }: { caption: string; lines: readonly ChargeLine[] }) {
    const head = "py-1.5 pl-4 text-right font-medium";
    return (
        <>
            <caption class="sr-only">{caption}</caption>
            <thead class="text-sm text-soft">
                <tr class="max-sm:flex max-sm:justify-between">
                    <th scope="col" class="py-1.5 text-left font-medium">
                        {t("charge.kind")}
                    </th>
                    <th scope="col" class={`${head} ${WIDE_ONLY}`}>
                        {t("charge.tokens")}
                    </th>
                    <th scope="col" class={`${head} ${WIDE_ONLY}`}>
                        {t("charge.price")}
                    </th>
                    <th scope="col" class={head}>
                        {t("charge.amount")}
                    </th>
                </tr>
            </thead>
            <tbody>
                {lines.map((line) => (
                    <Line key={line.kind} {...line} />
                ))}
            </tbody>
        </>
    );
}

function Line({ kind, quantity, price, per, amount }: ChargeLine) {
    const isEach = per === 1;
    const shown = { tokens: count(quantity, locale()), price: exactDecimal(price) };
    return (
        <tr class={ROW}>
            <th scope="row" class="py-2 text-left font-normal">
                {t(UNITS[kind])}
                <span class="block text-sm text-soft sm:hidden">
                    {t(isEach ? "charge.shortEach" : "charge.short", shown)}
                </span>
            </th>
            <td class={`${NUMBER} ${WIDE_ONLY}`}>{shown.tokens}</td>
            <td class={`${NUMBER} ${WIDE_ONLY}`}>
                {shown.price}
                {isEach && ` ${t("charge.each")}`}
            </td>
            <td class={NUMBER}>{exactDecimal(amount)}</td>
        </tr>
    );
}

function SumRow(props: {
    name: string;
    note?: string;
    isTotal?: boolean;
    children: ComponentChildren;
}) {
    const weight = props.isTotal ? "font-semibold" : "font-normal";
    return (
        <tr class={`${ROW} ${weight}`}>
            <th scope="row" colSpan={3} class={`py-2 text-left ${weight}`}>
                {props.name}
                {props.note && (
                    <span class="block text-sm font-normal text-soft">{props.note}</span>
                )}
            </th>
            <td class={NUMBER}>{props.children}</td>
        </tr>
    );
}

export function Charge({ charge }: { charge: RequestDetail["charge"] }) {
    return (
        <table class="w-full">
            <ChargeLines caption={t("charge.title")} lines={charge.lines} />
            <tfoot>
                <SumRow name={t(charge.by === "cost" ? "charge.byCost" : "charge.exact")}>
                    {exactDecimal(charge.exact)}
                </SumRow>
                <SumRow name={t("charge.rounding")} note={t("charge.roundingNote")}>
                    {exactDecimal(charge.rounding)}
                </SumRow>
                {usd(charge.covered) > 0n && (
                    <SumRow name={t("charge.covered")} note={t("charge.coveredNote")}>
                        {exactDecimal("-" + charge.covered)}
                    </SumRow>
                )}
                <SumRow name={t("charge.charged")} isTotal>
                    {exactDecimal(charge.charged)}
                </SumRow>
            </tfoot>
        </table>
    );
}
