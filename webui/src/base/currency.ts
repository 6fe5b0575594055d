// Amounts in the currencies of payments: decimal strings, as the API has them. Credits are USD
// (money.ts).
import { type Nano, parseDecimal, usd } from "./money";

/** "₩15,000", "$12.50": all its decimals, in the way of the locale. */
export function amountIn(currency: string, amount: string, locale: string): string {
    const digits = amount.split(".")[1]?.length ?? 0;
    return new Intl.NumberFormat(locale, {
        style: "currency",
        currencyDisplay: "narrowSymbol",
        currency: currency.toUpperCase(),
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
    }).format(Number(amount));
}

interface Rate {
    decimals: number;
    credit: string;
    offers: readonly { amount: string; credit: string }[];
}

/** An amount that a person typed, as the API takes it; null when it is none. */
export function typedAmount(text: string, decimals: number): string | null {
    const plain = text.trim().replaceAll(",", "");
    const minor = parseDecimal(plain, decimals);
    return minor === null || minor <= 0n ? null : plain;
}

/** The credit for an amount; null when it is none. */
export function creditOf(text: string, rate: Rate): Nano | null {
    const typed = typedAmount(text, rate.decimals);
    const minor = typed === null ? null : parseDecimal(typed, rate.decimals);
    if (minor === null) {
        return null;
    }
    const offer = rate.offers.find((it) => parseDecimal(it.amount, rate.decimals) === minor);
    return offer ? usd(offer.credit) : (minor * usd(rate.credit)) / 10n ** BigInt(rate.decimals);
}
