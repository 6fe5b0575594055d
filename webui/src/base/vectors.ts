// Numbers about vectors.

/** From -1 to 1: how much two vectors point the same way; null where one of them is all zeros. */
export function cosine(a: readonly number[], b: readonly number[]): number | null {
    const dot = (x: readonly number[], y: readonly number[]) =>
        x.reduce((sum, value, at) => sum + value * (y[at] ?? 0), 0);
    const length = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
    return length > 0 ? Math.max(-1, Math.min(1, dot(a, b) / length)) : null;
}

/** The numbers of an embedding: a list, or the bytes of floats of 32 bits in base64. Throws if it is
 * something else: some servers have forms of their own. */
export function vectorOf(embedding: unknown): readonly number[] {
    if (Array.isArray(embedding) && embedding.every((value) => typeof value === "number")) {
        return embedding as number[];
    } else if (typeof embedding !== "string") {
        throw new TypeError("no vector");
    }
    const bytes = Uint8Array.from(atob(embedding), (char) => char.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    return Array.from({ length: bytes.length >> 2 }, (_, at) => view.getFloat32(4 * at, true));
}

export interface Pair {
    first: number; // places in the list
    second: number;
    similarity: number | null;
}

/** Each two of the vectors, the most alike first. */
export function pairs(vectors: readonly (readonly number[])[]): Pair[] {
    const found: Pair[] = [];
    vectors.forEach((a, first) =>
        vectors
            .slice(first + 1)
            .forEach((b, gap) =>
                found.push({ first, second: first + 1 + gap, similarity: cosine(a, b) }),
            ),
    );
    return found.sort((a, b) => (b.similarity ?? -2) - (a.similarity ?? -2));
}
