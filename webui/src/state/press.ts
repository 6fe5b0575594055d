// A click belongs to what was under the pointer when it went down. When something arrives meanwhile
// and moves the page, the browser gives the click to whatever is there by then, or to nothing.

const CONTROLS = "button, a[href], label, summary";
const SLIP_MAX_PX = 10; // further away the person has changed their mind

interface Press {
    control: HTMLElement;
    x: number;
    y: number;
}

let press: Press | null = null;

function begin(event: PointerEvent): void {
    const target = event.target;
    const control = target instanceof Element && target.closest<HTMLElement>(CONTROLS);
    press = control && event.isPrimary ? { control, x: event.clientX, y: event.clientY } : null;
}

/** The control that a click was meant for, unless it is the one that has it. */
function meantBy(event: MouseEvent, { control, x, y }: Press): HTMLElement | null {
    const slip = Math.max(Math.abs(event.clientX - x), Math.abs(event.clientY - y));
    const isThere = event.target instanceof Node && control.contains(event.target);
    return !isThere && control.isConnected && slip <= SLIP_MAX_PX ? control : null;
}

function end(event: MouseEvent): void {
    const begun = press;
    press = null; // before click(): it comes back here
    const control = begun && event.isTrusted ? meantBy(event, begun) : null;
    if (control) {
        event.preventDefault();
        event.stopPropagation();
        control.click();
    }
}

export function startPresses(): void {
    document.addEventListener("pointerdown", begin, true);
    document.addEventListener("keydown", () => (press = null), true);
    document.addEventListener("click", end, true);
}
