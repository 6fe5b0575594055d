// Stands in for what is still on its way, in its size, so that nothing jumps when it comes.

export function Bone({ class: extra = "h-4 w-24" }: { class?: string }) {
    return (
        <span class={`skeleton inline-block max-w-full align-middle ${extra}`} aria-hidden="true" />
    );
}

/** A page whose code is on its way. */
export function PageBones() {
    return (
        <div class="flex flex-col gap-5" aria-busy="true">
            <Bone class="h-8 w-48" />
            <div class="panel flex h-72 flex-col gap-4 p-5">
                <Bone class="h-4 w-64" />
                <Bone class="h-4 w-80" />
                <Bone class="h-4 w-56" />
            </div>
        </div>
    );
}
