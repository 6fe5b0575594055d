// Money as the API has it: decimal strings of USD with at most nine decimals. Here it is a bigint of
// nano-dollars, never a floating-point number; only a chart's pixels are computed from one.

export type Nano = bigint;

const NANO_DIGITS = 9;

/** "0.00054" with 9 places -> 540000n; null when it is no decimal, or has more places. */
export function parseDecimal(text: string, places: number): bigint | null {
    const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
    if (!match) {
        return null;
    }
    const [, sign, whole = "", decimals = ""] = match;
    const fraction = decimals.replace(/0+$/, "");
    if (fraction.length > places) {
        return null;
    }
    const value = BigInt(whole + fraction.padEnd(places, "0"));
    return sign ? -value : value;
}

/** An amount that the API sent. */
export function usd(text: string): Nano {
    const value = parseDecimal(text, NANO_DIGITS);
    if (value === null) {
        throw new Error(`not an amount: ${text}`);
    }
    return value;
}

/** An amount that a person typed: "12", "12.5", "$1,000", ".5". Null when it is none, or below 0. */
export function typedUsd(text: string): Nano | null {
    let plain = text.trim().replace(/^\$\s*/, "");
    if (/^\d{1,3}(,\d{3})+(\.|$)/.test(plain)) {
        plain = plain.replaceAll(",", "");
    }
    if (plain.startsWith(".")) {
        plain = "0" + plain;
    }
    const value = parseDecimal(plain.replace(/\.$/, ""), NANO_DIGITS);
    return value === null || value < 0n ? null : value;
}

function grouped(digits: string): string {
    return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A value with `places` decimals as text, at least `shown` of them. */
function decimal(value: bigint, places: number, shown: number): string {
    const digits = (value < 0n ? -value : value).toString().padStart(places + 1, "0");
    const whole = digits.slice(0, digits.length - places);
    const fraction = digits
        .slice(digits.length - places)
        .replace(/0+$/, "")
        .padEnd(shown, "0");
    return grouped(whole) + (fraction ? "." + fraction : "");
}

function signed(value: bigint, text: string): string {
    return (value < 0n ? "−$" : "$") + text;
}

/** To the last nano-dollar: "$0.00054", "$12.50". */
export function exact(value: Nano): string {
    return signed(value, decimal(value, NANO_DIGITS, 2));
}

/** For the API and for CSV: "0.00054". */
export function plain(value: Nano): string {
    return (value < 0n ? "-" : "") + decimal(value, NANO_DIGITS, 2).replaceAll(",", "");
}

function rounded(size: bigint, places: number): bigint {
    const unit = 10n ** BigInt(NANO_DIGITS - places);
    return ((size + unit / 2n) / unit) * unit;
}

/** How many decimals a glance needs: cents from a dollar on, below that two digits that count. */
function glancePlaces(size: bigint): number {
    if (size === 0n || size >= 1_000_000_000n) {
        return 2;
    }
    const zeros = NANO_DIGITS - size.toString().length;
    return Math.max(2, zeros + 2);
}

/** Rounded sensibly: "$12.35", "$0.12", "$0.0054"; what is below $0.0001 is said to be so. */
export function glance(value: Nano): string {
    const size = value < 0n ? -value : value;
    if (size > 0n && size < 100_000n) {
        return value < 0n ? "> −$0.0001" : "< $0.0001";
    }
    const places = glancePlaces(size);
    return signed(value, decimal(rounded(size, places), NANO_DIGITS, 2));
}

/** Any decimal of the API, to its last digit: unit prices, sums before they were rounded. */
export function exactDecimal(text: string): string {
    const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
    if (!match) {
        return text;
    }
    const [, sign, whole = "", decimals = ""] = match;
    const fraction = decimals.replace(/0+$/, "").padEnd(2, "0");
    return `${sign ? "−" : ""}$${grouped(whole)}.${fraction}`;
}

/** The height of a bar in a chart. Not for anything that is written down. */
export function chartHeight(value: Nano): number {
    return Number(value) / 1e9;
}
