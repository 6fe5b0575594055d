// Texts in HTML, and names of headings as GitHub makes them.

const REFERENCES: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
};

export function escape(text: string): string {
    return text.replace(/[&<>"']/g, (letter) => REFERENCES[letter] ?? letter);
}

/** HTML as the text that a reader sees. */
export function plain(html: string): string {
    return html
        .replace(/<[^>]*>/g, "")
        .replace(/&lt;/g, "<")
        .replace(/&gt;/g, ">")
        .replace(/&quot;/g, '"')
        .replace(/&#39;/g, "'")
        .replace(/&amp;/g, "&");
}

/** Makes the anchors of one page; GitHub numbers those that come again. */
export class Slugs {
    readonly #seen = new Map<string, number>();

    of(heading: string): string {
        const slug = heading
            .trim()
            .toLowerCase()
            .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, "")
            .replace(/\s/g, "-");
        const times = this.#seen.get(slug);
        this.#seen.set(slug, (times ?? -1) + 1);
        return times === undefined ? slug : this.of(`${slug}-${times + 1}`);
    }
}
