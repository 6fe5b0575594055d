// Markdown of docs/ as HTML: links lead to the pages of the site, wide things scroll in themselves.
import { Marked, type Tokens } from "marked";
import { escape, plain, Slugs } from "./text";

export interface Heading {
    depth: number;
    text: string;
    id: string;
}

export interface Article {
    title: string;
    description: string;
    html: string;
    headings: Heading[];
}

/** Where a link of this page leads to in the site; null: to nothing that it has. */
export type Resolve = (href: string) => string | null;

const DESCRIPTION_CHARACTERS = 155;
/** In a head that is empty among others: what a column without a name has. */
const NAMELESS = '<span class="sr-only">description</span>';

/** The beginning of a text, as search engines show it, cut between words. */
export function shortened(text: string): string {
    const flat = text.replace(/\s+/g, " ").trim();
    if (flat.length <= DESCRIPTION_CHARACTERS) {
        return flat;
    }
    return flat.slice(0, flat.lastIndexOf(" ", DESCRIPTION_CHARACTERS)) + " \u2026";
}

const LANGUAGES: Record<string, string> = {
    sh: "Shell",
    python: "Python",
    js: "JavaScript",
    typescript: "TypeScript",
    go: "Go",
    lua: "Lua",
    json: "JSON",
    toml: "TOML",
};

/** A block of code; the button that copies it is made visible by docs.js. */
export function codeBlock(text: string, language: string): string {
    const name = LANGUAGES[language] ?? "";
    const label = name === "" ? "Code" : `Code, ${name}`;
    return (
        `<div class="code"><div class="bar"><span>${name}</span>` +
        `<button type="button" class="copy" hidden>Copy</button></div>` +
        `<pre tabindex="0" role="group" aria-label="${label}">` +
        `<code>${escape(text.replace(/\n+$/, ""))}</code></pre></div>\n`
    );
}

export function scrolling(table: string, label: string): string {
    return `<div class="wide" tabindex="0" role="group" aria-label="${escape(label)}">${table}</div>\n`;
}

export function anchored(depth: number, html: string, id: string): string {
    return `<h${depth} id="${id}">${html}<a class="anchor" href="#${id}" aria-label="Link to this section">#</a></h${depth}>\n`;
}

/** Some texts set an anchor that the heading behind it has by itself. */
function withoutTwins(html: string, headings: readonly Heading[]): string {
    const ids = new Set(headings.map(({ id }) => id));
    return html.replace(/<a (?:id|name)="([^"]*)"><\/a>/g, (mark, id: string) =>
        ids.has(id) ? "" : mark,
    );
}

/** Each part below a heading of its own: docs.css lays those out that come near. */
function inParts(html: string): string {
    const [begin = "", ...parts] = html.split(/^(?=<h2 )/m);
    return begin + parts.map((part) => `<section>\n${part}</section>\n`).join("");
}

export function render(markdown: string, resolve: Resolve): Article {
    const slugs = new Slugs();
    const headings: Heading[] = [];
    let title = "";
    let description = "";
    let section = "Table";

    const marked = new Marked({
        gfm: true,
        renderer: {
            heading({ tokens, depth }: Tokens.Heading) {
                const html = this.parser.parseInline(tokens);
                const text = plain(html);
                const id = slugs.of(text);
                section = text;
                if (depth === 1) {
                    title ||= text;
                    return `<h1>${html}</h1>\n`;
                }
                headings.push({ depth, text, id });
                return anchored(depth, html, id);
            },
            paragraph({ tokens }: Tokens.Paragraph) {
                const html = this.parser.parseInline(tokens);
                description ||= shortened(plain(html));
                return `<p>${html}</p>\n`;
            },
            link({ href, tokens }: Tokens.Link) {
                const text = this.parser.parseInline(tokens);
                const target = resolve(href);
                return target === null ? text : `<a href="${escape(target)}">${text}</a>`;
            },
            image({ text }: Tokens.Image) {
                return escape(text); // pictures stay with the sources
            },
            code({ text, lang }: Tokens.Code) {
                return codeBlock(text, lang ?? "");
            },
            table(token: Tokens.Table) {
                const cells = (row: Tokens.TableCell[], html: (text: string) => string) =>
                    row.map(({ tokens }) => html(this.parser.parseInline(tokens))).join("");
                const head = cells(
                    token.header,
                    (text) => `<th scope="col">${text || NAMELESS}</th>`,
                );
                const isNamed = token.header.some(({ text }) => text !== "");
                const rows = token.rows.map(
                    (row) => `<tr>${cells(row, (text) => `<td>${text}</td>`)}</tr>`,
                );
                return scrolling(
                    `<table>${isNamed ? `<thead><tr>${head}</tr></thead>` : ""}` +
                        `<tbody>${rows.join("\n")}</tbody></table>`,
                    section,
                );
            },
        },
    });
    const html = withoutTwins(marked.parse(markdown, { async: false }), headings);
    return { title, description, html: inParts(html), headings };
}
