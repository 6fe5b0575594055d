// The index that docs.js searches: an entry for each section of each page.
import type { Page } from "./site";
import { plain } from "./text";

const TEXT_CHARACTERS = 1200;

/** Names are short: a browser loads all of it with the first search. */
export interface IndexEntry {
    u: string; // address
    p: string; // title of the page
    h: string; // heading; "": the beginning of the page
    t: string; // text
}

const HEADING = /<h([23]) id="([^"]*)">/g;

function wordsOf(html: string): string {
    return plain(
        html
            .replace(/<div class="bar">.*?<\/div>/gs, "")
            .replace(/<(?!\/?(code|a|strong|em)\b)/g, " <"),
    )
        .replace(/\s+/g, " ")
        .trim()
        .slice(0, TEXT_CHARACTERS);
}

export function indexOf(pages: readonly Page[]): IndexEntry[] {
    return pages.flatMap((page) => {
        const marks = [...page.article.html.matchAll(HEADING)];
        const starts = [0, ...marks.map((mark) => mark.index)];
        return starts.map((start, number) => {
            const id = marks[number - 1]?.[2];
            const heading = page.article.headings.find((one) => one.id === id);
            const html = page.article.html.slice(start, starts[number + 1]);
            return {
                u: id === undefined ? page.url : `${page.url}#${id}`,
                p: page.article.title,
                h: heading?.text ?? "",
                t: wordsOf(html.replace(/^<h[123][^>]*>.*?<\/h[123]>/s, "")),
            };
        });
    });
}
