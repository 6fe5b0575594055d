// Amounts, times and counts, each with its short and its exact form.
import { count } from "../base/number";
import { exact, glance, usd } from "../base/money";
import { dateTime, exactTime, relative } from "../base/time";
import { locale } from "../i18n";

/** Rounded; the exact amount is in the tooltip, and wherever one looks closer. */
export function Glance({ amount }: { amount: string }) {
    const value = usd(amount);
    return (
        <data value={amount} title={exact(value)} class="figures whitespace-nowrap">
            {glance(value)}
        </data>
    );
}

export function Exact({ amount }: { amount: string }) {
    return <span class="figures whitespace-nowrap">{exact(usd(amount))}</span>;
}

/** Where there is little room the day stands above the hour. */
export function Time({ time }: { time: string }) {
    const [, day, hour] = /^(.*) (\S+)$/.exec(dateTime(time, locale())) ?? [];
    const isWhole = "figures whitespace-nowrap";
    return (
        <time dateTime={time} title={exactTime(time, locale())} class="md:whitespace-nowrap">
            <span class={isWhole}>{day}</span> <span class={isWhole}>{hour}</span>
        </time>
    );
}

export function Ago({ time }: { time: string }) {
    return (
        <time dateTime={time} title={exactTime(time, locale())}>
            {relative(time, Date.now(), locale())}
        </time>
    );
}

export function Count({ value }: { value: number }) {
    return <span class="figures whitespace-nowrap">{count(value, locale())}</span>;
}
