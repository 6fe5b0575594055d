// The whole site: every file of it, made of the files of the repository.
import { dirname, join, normalize } from "node:path/posix";
import { parse } from "yaml";
import { type Entry, OPERATORS, type Part, PARTS, REFERENCE } from "./contents";
import { type Article, render } from "./markdown";
import type { OpenApi } from "./openapi";
import { customersDocument, referencePages } from "./reference";
import { indexOf } from "./search";
import { settingsPage } from "./settings";
import { type Assets, type Menu, pageHtml, plainHtml } from "./template";

export interface Page {
    source: string;
    url: string;
    part: Part;
    section: string;
    language: string;
    article: Article;
}

/** Reads a file of the repository. */
export type Read = (path: string) => string;

interface Source extends Entry {
    part: Part;
    section: string;
    markdown: string;
}

const ORIGIN = "http://127.0.0.1:3000";
const OPENAPI = "docs/openapi.yaml";
const OPENAPI_URL = "/docs/developers/openapi.json";

// ---- pages ----

function sourcesOf(read: Read, document: OpenApi, part: Part): Source[] {
    return part.sections.flatMap(({ title, entries }) =>
        entries.flatMap((entry): Source[] => {
            const own = { part, section: title };
            if (entry.source.startsWith(REFERENCE)) {
                const tags = entry.source.slice(REFERENCE.length) as "api" | "admin";
                return referencePages(document, tags, entry.url).map(
                    ({ source, name, markdown }) => ({
                        ...own,
                        source,
                        url: name === "" ? entry.url : `${entry.url}/${name}`,
                        markdown,
                    }),
                );
            }
            const text = read(entry.source);
            const markdown = entry.source.endsWith(".conf") ? settingsPage(text) : text;
            return [{ ...own, ...entry, markdown }];
        }),
    );
}

/**
 * Leads a link of one file to the page of another; null: the site has none, or it is for operators
 * and the link stands in a page for everybody.
 */
function resolver({ source, part }: Source, urls: ReadonlyMap<string, string>) {
    return (href: string): string | null => {
        if (href.startsWith(`${ORIGIN}/`)) {
            return href.slice(ORIGIN.length); // of this gateway
        } else if (/^([a-z]+:|#|\/)/.test(href)) {
            return href;
        }
        const [path = "", anchor] = href.split("#");
        const url = urls.get(normalize(join(dirname(source), path)));
        if (url === undefined || (part !== OPERATORS && url.startsWith(OPERATORS.home))) {
            return null;
        }
        return anchor === undefined ? url : `${url}#${anchor}`;
    };
}

export function pagesOf(read: Read): Page[] {
    const document = parse(read(OPENAPI)) as OpenApi;
    const sources = PARTS.flatMap((part) => sourcesOf(read, document, part));
    const urls = new Map(sources.map(({ source, url }) => [source, url]));
    urls.set(OPENAPI, OPENAPI_URL);
    return sources.map((source) => ({
        source: source.source,
        url: source.url,
        part: source.part,
        section: source.section,
        language: source.language ?? "en",
        article: render(source.markdown, resolver(source, urls)),
    }));
}

function menusOf(pages: readonly Page[], part: Part): Menu[] {
    return part.sections.map(({ title }) => ({
        title,
        links: pages
            .filter((page) => page.part === part && page.section === title)
            .map((page) => ({ url: page.url, title: page.article.title, language: page.language })),
    }));
}

// ---- files ----

const NOT_FOUND = `<p>There is no such page in the documentation. It may have moved.</p>
<ul><li><a href="/docs">All pages for developers</a></li>
<li><a href="/docs/developers/quickstart">Quick start</a></li>
<li><a href="/docs/developers/reference">Reference of the API</a></li>
<li><a href="/dashboard">Your dashboard</a></li></ul>`;
const SIGN_IN = `<p>This page is for people who have signed in, and some pages are for operators only.
<a href="/dashboard/signin">Sign in</a>, then come back to this address.</p>
<p><a href="/docs">The documentation for developers</a></p>`;

/** Path of each file ("docs/developers/errors.html") and its content. */
export function filesOf(read: Read, assets: Assets): Map<string, string> {
    const pages = pagesOf(read);
    const files = new Map<string, string>();
    for (const part of PARTS) {
        const own = pages.filter((page) => page.part === part);
        const menus = menusOf(pages, part);
        for (const page of own) {
            const name = page.url === "/docs" ? "docs/index" : page.url.slice(1);
            files.set(`${name}.html`, pageHtml(page, menus, assets));
        }
        files.set(`docs/${part.id}/search.json`, JSON.stringify(indexOf(own)));
    }
    files.set("docs/developers/index.html", files.get("docs/index.html") ?? "");
    files.set("docs/not-found.html", plainHtml("No such page", NOT_FOUND, assets));
    files.set("docs/sign-in.html", plainHtml("Sign in to read this", SIGN_IN, assets));
    const document = customersDocument(parse(read(OPENAPI)) as OpenApi);
    files.set(OPENAPI_URL.slice(1), JSON.stringify(document));
    return files;
}
