import { NAMES_MAX } from "../../base/series";

/** The custom property with the colour of the series at that place; null names the rest. */
export function colorOf(index: number, name: string | null): string {
    return name === null ? "--chart-rest" : `--chart-${(index % NAMES_MAX) + 1}`;
}

const DOTS = [
    "bg-chart-1",
    "bg-chart-2",
    "bg-chart-3",
    "bg-chart-4",
    "bg-chart-5",
    "bg-chart-6",
    "bg-chart-7",
];

/** The same as a class, for legends. */
export function dotOf(index: number, name: string | null): string {
    return name === null ? "bg-chart-rest" : (DOTS[index % NAMES_MAX] ?? "bg-chart-rest");
}
