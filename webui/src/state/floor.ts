// A page never becomes shorter than what is in sight of it. Else the browser would scroll when a
// list shrinks, and what somebody is about to click would move away.

function hold(): void {
    // Not scrollY alone: some browsers let it be more than there is, for a moment.
    const bottom = Math.min(scrollY + innerHeight, document.documentElement.scrollHeight);
    document.body.style.minHeight = scrollY > 0 ? `${bottom}px` : "";
}

export function startFloor(): void {
    addEventListener("scroll", hold, { passive: true });
}
