// The box beside the cursor with the exact numbers of the day under it.
import type uPlot from "uplot";
import type { ChartProps } from ".";
import { dotOf } from "./colors";

const LINES_MAX = 8;

function line(left: string, right: string, dot: string | null): HTMLElement {
    const row = document.createElement("div");
    row.className = "flex items-center gap-2";
    if (dot) {
        const mark = document.createElement("span");
        mark.className = `size-2.5 shrink-0 rounded-sm ${dot}`;
        row.append(mark);
    }
    const name = document.createElement("span");
    name.className = "min-w-0 flex-1 truncate";
    name.textContent = left;
    const value = document.createElement("span");
    value.className = "figures font-medium whitespace-nowrap";
    value.textContent = right;
    row.append(name, value);
    return row;
}

function linesOf(props: ChartProps, index: number): HTMLElement[] {
    const lines = props.series
        .map(({ name, values }, place) => ({ name, place, value: values[index] ?? 0n }))
        .filter(({ value }) => value !== 0n)
        .slice(0, LINES_MAX)
        .map(({ name, place, value }) =>
            line(name ?? props.restName, props.format(value), dotOf(place, name)),
        );
    const head = line(props.days[index] ?? "", props.format(props.sums[index] ?? 0n), null);
    head.className += " font-semibold";
    return [head, ...lines];
}

/** Returns how to take it away again. */
export function attachTooltip(plot: uPlot, props: ChartProps): () => void {
    const box = document.createElement("div");
    box.className =
        "pointer-events-none absolute top-2 z-10 hidden w-max max-w-64 rounded-lg border border-line " +
        "bg-raised px-3 py-2 text-sm text-ink shadow-float";
    plot.over.append(box);

    const show = () => {
        const index = plot.cursor.idx;
        if (index == null || (plot.cursor.left ?? -1) < 0) {
            box.classList.add("hidden");
            return;
        }
        box.replaceChildren(...linesOf(props, index));
        box.classList.remove("hidden");
        const left = plot.valToPos(index, "x");
        const room = plot.over.clientWidth - box.offsetWidth;
        const beside = left + 14 > room ? left - box.offsetWidth - 14 : left + 14;
        box.style.left = `${Math.max(0, Math.min(room, beside))}px`;
    };
    const hide = () => box.classList.add("hidden");
    plot.over.addEventListener("mousemove", show);
    plot.over.addEventListener("mouseleave", hide);
    return () => box.remove();
}
