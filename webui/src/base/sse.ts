// Server-sent events out of a stream of text that may be cut anywhere.

/** Feed it pieces of text; it returns the data of the events that have become whole. */
export class EventReader {
    private rest = "";

    feed(piece: string): string[] {
        const lines = (this.rest + piece).split("\n");
        this.rest = lines.pop() ?? "";
        return lines.flatMap((line) => {
            const match = /^data: ?(.*)$/.exec(line.replace(/\r$/, ""));
            return match ? [match[1] ?? ""] : [];
        });
    }
}
