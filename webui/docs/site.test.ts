import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { parse as parseHtml } from "parse5";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { NO_PAGES, PARTS } from "./contents";
import { render } from "./markdown";
import { METHODS, type OpenApi } from "./openapi";
import { filesOf, pagesOf } from "./site";
import { plain } from "./text";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const pages = pagesOf(read);
const assets = { style: "p{color:red}", script: "/assets/docs.js", theme: "theme();" };
const files = filesOf(read, assets);
const html = [...files].filter(([name]) => name.endsWith(".html"));

/** What the gateway makes of an address (core/app/doc_pages.c). */
function fileOf(url: string): string | undefined {
    const path = url.slice(1);
    return [`${path}.html`, `${path}/index.html`, path].find((name) => files.has(name));
}

function idsOf(text: string): Set<string> {
    return new Set([...text.matchAll(/ (?:id|name)="([^"]*)"/g)].map(([, id = ""]) => id));
}

function linksOf(text: string): string[] {
    return [...text.matchAll(/<a [^>]*href="([^"]*)"/g)].map(([, href = ""]) => plain(href));
}

// Written by hand here, so that a fault of the renderer is no fault of the test.
const LINK = /\]\(([^)\s]+)\)/g;
const ANCHOR = /<a (?:id|name)="([^"]+)">/g;

function withoutCode(markdown: string): string {
    return markdown
        .replace(/^```.*?^```/gms, "")
        .replace(/^ {4}.*$/gm, "")
        .replace(/`[^`\n]*`/g, "x");
}

function githubAnchors(path: string): Set<string> {
    const markdown = read(path);
    const own = [...markdown.matchAll(ANCHOR)].map(([, id = ""]) => id);
    const { headings, title } = render(markdown, (href) => href);
    return new Set([
        ...own,
        ...headings.map(({ id }) => id),
        title.toLowerCase().replace(/ /g, "-"),
    ]);
}

const SOURCES = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md") && !name.startsWith("screenshots"))
    .map((name) => `docs/${name}`);

describe("on GitHub", () => {
    it.each([...SOURCES, "README.md", "CONTRIBUTING.md"])("links of %s lead somewhere", (path) => {
        const wrong: string[] = [];
        for (const [, href = ""] of withoutCode(read(path)).matchAll(LINK)) {
            if (/^[a-z]+:/.test(href)) {
                continue;
            }
            expect(href, "GitHub's root is not ours").not.toMatch(/^\//);
            const [to = "", anchor] = href.split("#");
            const target = to === "" ? path : normalize(join(dirname(path), to));
            const there = existsSync(join(ROOT, target));
            const known = anchor === undefined || (there && githubAnchors(target).has(anchor));
            if (!there || !known) {
                wrong.push(href);
            }
        }
        expect(wrong).toEqual([]);
    });
});

describe("the site", () => {
    it("has every file of docs/ as a page, once", () => {
        const sources = pages.map(({ source }) => source);
        expect(new Set(sources).size).toBe(sources.length);
        expect(SOURCES.filter((name) => !sources.includes(name))).toEqual(NO_PAGES);
        expect(new Set(pages.map(({ url }) => url)).size).toBe(pages.length);
    });

    it.each(html)("links of %s lead to pages and places that are there", (name, text) => {
        const ids = idsOf(text);
        const wrong = linksOf(text).filter((href) => {
            if (/^(https?:|mailto:|\/dashboard)/.test(href)) {
                return false;
            }
            const [path = "", anchor] = href.split("#");
            const file = path === "" ? name : fileOf(path);
            const there = file === undefined ? undefined : files.get(file);
            const known = path === "" ? ids : idsOf(there ?? "");
            return there === undefined || (anchor !== undefined && !known.has(anchor));
        });
        expect(wrong).toEqual([]);
    });

    it("leads from the developers' pages only to those, so customers meet no closed door", () => {
        const wrong = pages
            .filter(({ part }) => part.id === "developers")
            .flatMap(({ url, article }) =>
                linksOf(article.html)
                    .filter((href) => href.startsWith("/docs/operators"))
                    .map((href) => `${url}: ${href}`),
            );
        expect(wrong).toEqual([]);
    });

    it("reaches every page from the menu of its part", () => {
        for (const part of PARTS) {
            const text = files.get(fileOf(part.home) ?? "") ?? "";
            const menu = /<nav id="menu".*?<\/nav>/s.exec(text)?.[0] ?? "";
            const own = pages.filter((page) => page.part === part).map(({ url }) => url);
            expect(linksOf(menu)).toEqual(own);
        }
    });

    it("knows the pages that the gateway looks for", () => {
        for (const name of ["docs/index", "docs/operators", "docs/not-found", "docs/sign-in"]) {
            expect(files.has(`${name}.html`)).toBe(true);
        }
        const operators = [...files.keys()].filter((name) => name.startsWith("docs/operators"));
        expect(operators.length).toBeGreaterThan(10);
    });
});

describe.each(html)("%s", (_, text) => {
    it("is HTML without a mistake", () => {
        const mistakes: string[] = [];
        parseHtml(text, {
            onParseError: ({ code, startLine, startCol }) =>
                mistakes.push(`${code} at ${startLine}:${startCol}`),
        });
        expect(mistakes).toEqual([]);
        // The policy allows no inline ones but by their hash.
        const own = ["<script>theme();</script>", "<style>p{color:red}</style>"];
        const rest = own.reduce((left, one) => left.replace(one, ""), text);
        expect(rest).toHaveLength(text.length - own.join("").length);
        expect(rest).not.toMatch(/ style=| on[a-z]+=|<script>|<style>|rel="stylesheet"/);
        const ids = [...text.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
        expect(new Set(ids).size).toBe(ids.length);
    });

    it("says what it is", () => {
        expect(text.match(/<h1/g)).toHaveLength(1);
        expect(text).toMatch(/<html lang="en"/);
        expect(text).toMatch(/<title>[^<]+ · @brand-name@<\/title>/);
        const description = /<meta name="description" content="([^"]*)"/.exec(text)?.[1] ?? "";
        expect(description.length).toBeGreaterThan(10);
        const levels = [...text.matchAll(/<h([1-6])/g)].map(([, level]) => Number(level));
        const article = levels.slice(levels.indexOf(1));
        article.reduce((before, level) => (expect(level).toBeLessThanOrEqual(before + 1), level));
    });
});

describe("the reference", () => {
    const document = parse(read("docs/openapi.yaml")) as OpenApi;
    const operations = Object.entries(document.paths).flatMap(([path, item]) => {
        const real = item.$ref === undefined ? item : pathItem(item.$ref);
        return METHODS.filter((method) => method in real).map((method) => ({ method, path }));
    });

    function pathItem(pointer: string): object {
        const name = pointer.split("/").at(-1) ?? "";
        const components = document["components"] as { pathItems: Record<string, object> };
        return components.pathItems[name] ?? {};
    }

    it.each(operations)("has $method $path, once, for whom it is", ({ method, path }) => {
        const part = path.startsWith("/api/admin/") ? "operators" : "developers";
        const isAdmin = part === "operators";
        const heading = `<h2 id="[^"]*">${method.toUpperCase()} ${path}<a`.replace(/[{}]/g, "\\$&");
        const alias = `<code>${path}</code>`.replace(/[{}]/g, "\\$&");
        const found = pages.filter(
            ({ source, article }) =>
                source.startsWith("reference:") &&
                (new RegExp(heading).test(article.html) ||
                    (!isAdmin && new RegExp(`Also at [^\n]*${alias}`).test(article.html))),
        );
        expect(found.map((page) => page.part.id)).toEqual([part]);
    });

    it("gives customers a document without the operator's paths", () => {
        const made = files.get("docs/developers/openapi.json") ?? "";
        const paths = Object.keys((JSON.parse(made) as OpenApi).paths);
        const all = operations.map(({ path }) => path);
        const own = new Set(all.filter((path) => !path.startsWith("/api/admin/")));
        expect(new Set(paths)).toEqual(own);
    });
});

describe("the settings", () => {
    it("are all of gateway.conf, with their words", () => {
        const page = pages.find(({ source }) => source === "gateway.conf");
        const names = [...read("gateway.conf").matchAll(/^#?([a-z_]+) =/gm)].map(
            ([, name]) => name,
        );
        expect(names.length).toBeGreaterThan(60);
        for (const name of names) {
            expect(page?.article.html).toContain(`<td><code>${name}</code></td>`);
        }
        expect(plain(page?.article.html ?? "")).toContain("The SQLite database.");
    });
});

describe("incidents", () => {
    const kinds = [
        ...read("core/store/alert_kinds.c").matchAll(/^\s+(?:\[\w+\] = )?\{"(\w+)", ALERT_/gm),
    ];
    const sections = read("docs/operators/incidents.md").split(/^## /m).slice(1);
    const sectionOf = (name: string) => sections.find((text) => text.startsWith(`${name}\n`)) ?? "";

    it("know all kinds of alerts", () => {
        const names =
            /ALERT_BREAKER_OPEN,.*?ALERT_KINDS/s.exec(read("core/store/alerts.h"))?.[0] ?? "";
        expect(kinds.length).toBe(names.match(/^ *ALERT_\w+, +\/\*/gm)?.length);
    });

    it.each(kinds.map(([, kind = ""]) => kind))("say of %s what it is and what to do", (kind) => {
        expect(read("docs/ALERTS.md")).toContain(`\n## ${kind}\n`);
        for (const part of [
            "What it means.",
            "What customers see.",
            "What to check.",
            "What to do.",
        ]) {
            expect(sectionOf(kind)).toMatch(new RegExp(`^\\*\\*${part}\\*\\* \\S`, "m"));
        }
    });

    // Alarms of Prometheus lead to the site by themselves.
    const RULES = "packaging/prometheus/alerts.yml";
    const rules = read(RULES);
    const urls = [...rules.matchAll(/(\/docs\/[\w/-]+)#([\w-]+)/g)];
    it("are where Prometheus says that they are", () => {
        expect(urls.length).toBeGreaterThan(10);
        expect(urls.length).toBe(rules.match(/^\s+- alert: /gm)?.length ?? 0);
        for (const [, path = "", anchor = ""] of urls) {
            expect(idsOf(files.get(fileOf(path) ?? "") ?? "")).toContain(anchor);
        }
    });
});

describe("the search", () => {
    it("finds each heading where it is", () => {
        for (const part of PARTS) {
            const index = JSON.parse(files.get(`docs/${part.id}/search.json`) ?? "") as {
                u: string;
            }[];
            const known = new Set(index.map(({ u }) => u));
            for (const page of pages.filter((one) => one.part === part)) {
                expect(known).toContain(page.url);
                for (const { id, depth } of page.article.headings) {
                    expect(depth > 3 || known.has(`${page.url}#${id}`)).toBe(true);
                }
            }
        }
    });

    it("shows customers nothing of the operators' pages", () => {
        expect(files.get("docs/developers/search.json")).not.toContain('"/docs/operators');
    });
});

describe("markdown", () => {
    const html = (text: string) => render(text, (href) => (href === "gone" ? null : href)).html;

    it("names headings as GitHub does", () => {
        const { headings } = render(
            "# T\n## A `b` & c: (d)!\n## A `b` & c: (d)!\n## 한국 어\n",
            String,
        );
        expect(headings.map(({ id }) => id)).toEqual(["a-b--c-d", "a-b--c-d-1", "한국-어"]);
    });

    it("keeps texts texts", () => {
        expect(html('`<script>` & "x"')).toContain(
            "<code>&lt;script&gt;</code> &amp; &quot;x&quot;",
        );
        expect(html("```sh\ncurl '<x>'\n```")).toContain("curl &#39;&lt;x&gt;&#39;");
    });

    it("shows the words of a link to nothing", () => {
        expect(html("a [b](gone) [c](d)")).toBe('<p>a b <a href="d">c</a></p>\n');
    });

    it("lets wide things scroll, and the keyboard reach them", () => {
        expect(html("| | |\n|---|---|\n| b | c |")).not.toContain("<th");
        expect(html("| a | |\n|---|---|\n| b | c |")).toMatch(
            /^<div class="wide" tabindex="0" role="group" aria-label="[^"]+"><table>/,
        );
        expect(html("    code")).toContain('<pre tabindex="0" role="group"');
    });
});
