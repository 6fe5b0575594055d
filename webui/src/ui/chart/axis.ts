/** What an axis of dollars says: all steps with as many decimals as the smallest one needs. */
export function dollars(values: number[]): string[] {
    const step = (values[1] ?? 1) - (values[0] ?? 0);
    const places = Math.min(9, Math.max(2, Math.ceil(-Math.log10(step || 1) + 0.01)));
    return values.map((value) => (value < 0 ? "−$" : "$") + Math.abs(value).toFixed(places));
}
