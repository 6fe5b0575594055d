// Pictures as an answer has them: base64 without a word about what it is.

const BEGINNINGS = [
    ["iVBORw0KGgo", "png"],
    ["/9j/", "jpeg"],
    ["UklGR", "webp"],
    ["R0lGO", "gif"],
] as const;

/** "png" where nothing is recognised: browsers look for themselves, too. */
export function pictureType(base64: string): string {
    return BEGINNINGS.find(([beginning]) => base64.startsWith(beginning))?.[1] ?? "png";
}

export function pictureUrl(base64: string): string {
    return `data:image/${pictureType(base64)};base64,${base64}`;
}
