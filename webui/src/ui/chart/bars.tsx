// Stacked bars on a canvas, by uPlot. This file and uPlot are loaded only where a chart is shown.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { ChartProps } from ".";
import { colorOf } from "./colors";
import { attachTooltip } from "./tooltip";

const GAP = 0.72; // of a day's width that its bar takes
const BAR_WIDTH_MAX = 42;

/** A colour of the stylesheet as the canvas understands it. What tells the series apart stays where the
 * browser forces colours of its own. */
function resolved(probe: HTMLElement, name: string, isKept = false): string {
    probe.style.color = `var(${name})`;
    probe.style.setProperty("forced-color-adjust", isKept ? "none" : "auto");
    return getComputedStyle(probe).color;
}

/** Each series on top of those before it; drawn from the last (tallest) to the first. */
function stacked(props: ChartProps): uPlot.AlignedData {
    const count = props.days.length;
    const below = new Array<number>(count).fill(0);
    const tops = props.series.map(({ values }) =>
        values.map((value, index) => (below[index] = (below[index] ?? 0) + props.height(value))),
    );
    return [Array.from({ length: count }, (_, index) => index), ...tops.reverse()];
}

function seriesOf(props: ChartProps, probe: HTMLElement): uPlot.Series[] {
    const bars = uPlot.paths.bars?.({ size: [GAP, BAR_WIDTH_MAX], radius: 0.12 });
    const drawn = props.series.map(({ name }, index) => {
        const color = resolved(probe, colorOf(index, name), true);
        return { fill: color, stroke: color, width: 0, points: { show: false }, paths: bars! };
    });
    return [{}, ...drawn.reverse()];
}

function axesOf(props: ChartProps, probe: HTMLElement): uPlot.Axis[] {
    const common = {
        stroke: resolved(probe, "--soft"),
        font: `12px ${getComputedStyle(probe).fontFamily}`,
        ticks: { show: false },
    };
    return [
        {
            ...common,
            grid: { show: false },
            size: 28,
            space: 64,
            values: (_, splits) =>
                splits.map((at) => (Number.isInteger(at) ? (props.days[at] ?? "") : "")),
        },
        {
            ...common,
            size: 62,
            grid: { stroke: resolved(probe, "--line"), width: 1 },
            values: (_, splits) => props.axis(splits),
        },
    ];
}

/** Bars stand on zero, losses hang below it. */
function yRange(min: number, max: number): [number, number] {
    return [Math.min(0, min * 1.08), max > 0 || min < 0 ? Math.max(0, max * 1.08) : 1];
}

function optionsOf(props: ChartProps, box: HTMLElement, probe: HTMLElement): uPlot.Options {
    const last = props.days.length - 1;
    return {
        width: box.clientWidth,
        height: box.clientHeight,
        legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
        scales: {
            x: { time: false, range: [-0.6, last + 0.6] },
            y: { range: (_, min, max) => yRange(min, max) },
        },
        series: seriesOf(props, probe),
        axes: axesOf(props, probe),
    };
}

export function Bars(props: ChartProps) {
    const box = useRef<HTMLDivElement>(null);
    const probe = useRef<HTMLSpanElement>(null);
    useEffect(() => {
        const element = box.current;
        if (!element || !probe.current) {
            return;
        }
        const plot = new uPlot(optionsOf(props, element, probe.current), stacked(props), element);
        const detach = attachTooltip(plot, props);
        const observer = new ResizeObserver(() =>
            plot.setSize({ width: element.clientWidth, height: element.clientHeight }),
        );
        observer.observe(element);
        return () => {
            observer.disconnect();
            detach();
            plot.destroy();
        };
    }, [props.stamp]);
    return (
        <div class="relative h-full">
            <span ref={probe} class="hidden" />
            <div ref={box} class="absolute inset-0" role="img" aria-label={props.label} />
        </div>
    );
}
