// A whole page. The gateway puts the brand and its address in place of the marks when it serves it
// (core/app/doc_pages.c): `<!-- brand -->`, `<!-- contact -->`, `@brand-name@`, `@brand-logo@`.
import type { Part } from "./contents";
import type { Heading } from "./markdown";
import type { Page } from "./site";
import { escape } from "./text";

export interface Assets {
    style: string; // stands in the page: a link to it would hold up the first paint
    script: string; // address
    theme: string; // the script that stands in the page
}

export interface Link {
    url: string;
    title: string;
    language: string;
}

export interface Menu {
    title: string;
    links: Link[];
}

interface Frame {
    title: string;
    description: string;
    part: Part | null; // null: of no part, without a menu
    main: string;
}

const TOC_MIN = 3;

/** Menus are English; a title of another language says so to screen readers. */
function langOf(language: string): string {
    return language === "en" ? "" : ` lang="${language}"`;
}

function menuOf(menus: readonly Menu[], url: string): string {
    const sections = menus.map(({ title, links }) => {
        const items = links.map((link) => {
            const here = link.url === url ? ' aria-current="page"' : "";
            return `<li><a href="${link.url}"${langOf(link.language)}${here}>${escape(link.title)}</a></li>`;
        });
        return `<h2>${title}</h2>\n<ul>${items.join("\n")}</ul>`;
    });
    return `<nav id="menu" popover aria-label="Documentation">${sections.join("\n")}</nav>`;
}

function tocOf(headings: readonly Heading[]): string {
    const shown = headings.filter(({ depth }) => depth === 2);
    if (shown.length < TOC_MIN) {
        return "";
    }
    const items = shown.map(({ id, text }) => `<li><a href="#${id}">${escape(text)}</a></li>`);
    return `<nav class="toc" aria-labelledby="toc"><h2 id="toc">On this page</h2><ul>${items.join("\n")}</ul></nav>`;
}

function search(part: Part): string {
    return `<search hidden><label class="sr-only" for="search">Search</label>
<input id="search" type="search" placeholder="Search" autocomplete="off" spellcheck="false" role="combobox" aria-expanded="false" aria-controls="found" aria-autocomplete="list" data-index="/docs/${part.id}/search.json">
<ul id="found" role="listbox" aria-label="Results" hidden></ul><p id="found-none" role="status" class="sr-only"></p></search>`;
}

function headerOf(part: Part | null): string {
    const home = part?.home ?? "/docs";
    const title = part?.id === "operators" ? "Operators" : "Docs";
    return `<header class="top">
<a class="skip" href="#main">To the text</a>
${part ? '<button type="button" class="menu" popovertarget="menu">Menu</button>' : ""}
<a class="brand" href="${home}"><img src="@brand-logo@" alt="" width="32" height="32"><span>@brand-name@ <span class="part">${title}</span></span></a>
${part ? search(part) : ""}
<a class="out" href="/dashboard">Dashboard</a>
</header>`;
}

function frame({ title, description, part, main }: Frame, assets: Assets): string {
    return `<!doctype html>
<html lang="en" data-origin="http://127.0.0.1:3000">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)} · @brand-name@</title>
<meta name="description" content="${escape(description)}">
<meta name="application-name" content="@brand-name@">
<meta name="color-scheme" content="light dark">
<script>${assets.theme}</script>
<style>${assets.style}</style>
<!-- brand -->
<script src="${assets.script}" defer></script>
</head>
<body>
${headerOf(part)}
${main}
</body>
</html>
`;
}

function stepsOf(previous: Link | undefined, next: Link | undefined): string {
    const step = (link: Link | undefined, rel: string, words: string) =>
        link
            ? `<a rel="${rel}" href="${link.url}"${langOf(link.language)}><span>${words}</span>${escape(link.title)}</a>`
            : "";
    return `<nav class="steps" aria-label="Further pages">${step(previous, "prev", "Before")}${step(next, "next", "Next")}</nav>`;
}

/** The page with the menu of its part; the links beside it come in the menu's order. */
export function pageHtml(page: Page, menus: readonly Menu[], assets: Assets): string {
    const { article } = page;
    const order = menus.flatMap(({ links }) => links);
    const here = order.findIndex(({ url }) => url === page.url);
    const toc = tocOf(article.headings);
    const main = `<div class="columns${toc && " three"}">
${menuOf(menus, page.url)}
<main id="main" tabindex="-1">
<article${langOf(page.language)}>
${article.html}</article>
${stepsOf(order[here - 1], order[here + 1])}
<footer><!-- contact --></footer>
</main>
${toc}
</div>`;
    const { title, description } = article;
    return frame({ title, description, part: page.part, main }, assets);
}

/** A page that says one thing, like that there is no such page. */
export function plainHtml(title: string, html: string, assets: Assets): string {
    const main = `<div class="columns alone"><main id="main" tabindex="-1"><article><h1>${title}</h1>${html}</article>
<footer><!-- contact --></footer></main></div>`;
    return frame({ title, description: title, part: null, main }, assets);
}
