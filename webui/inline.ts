// Writes into index.html what must not wait for another answer: the style, and src/start.ts with the
// names of the scripts that each page needs. The gateway allows both by their hash.
import { build } from "esbuild";
import { posix } from "node:path";
import type { HtmlTagDescriptor, Plugin, Rollup } from "vite";

type Bundle = Rollup.OutputBundle;

const START = "src/start.ts";
/** The files that somebody asks for by name: pages and languages. */
const ASKED = /\/src\/((?:pages|i18n)\/.+\.tsx?)$/;

/** The script and all that it imports, but for what is known already. */
function scriptsOf(bundle: Bundle, name: string, known: ReadonlySet<string>): Set<string> {
    const found = new Set<string>();
    const visit = (at: string) => {
        const chunk = bundle[at];
        if (chunk?.type === "chunk" && !known.has(at) && !found.has(at)) {
            found.add(at);
            chunk.imports.forEach(visit);
        }
    };
    visit(name);
    return found;
}

/** By the name of each file that somebody asks for; a chunk may hold several of them. */
function scripts(bundle: Bundle, asked: ReadonlySet<string>): Record<string, string[]> {
    const chunks = Object.values(bundle).filter((chunk) => chunk.type === "chunk");
    const entry = chunks.find((chunk) => chunk.isEntry);
    const first = scriptsOf(bundle, entry?.fileName ?? "", new Set()); // the page names them itself
    const entries = chunks.flatMap((chunk) => {
        const needed = [...scriptsOf(bundle, chunk.fileName, first)].map((name) => "/" + name);
        const names = chunk.moduleIds
            .filter((id) => asked.has(id))
            .map((id) => ASKED.exec(id)?.[1]);
        return names.flatMap((name): [string, string[]][] => (name ? [[name, needed]] : []));
    });
    return Object.fromEntries(entries);
}

async function startScript(root: string, found: Record<string, string[]>): Promise<string> {
    const { outputFiles } = await build({
        entryPoints: [posix.join(root, START)],
        bundle: true,
        write: false,
        minify: true,
        format: "iife",
        target: "es2022",
        charset: "utf8",
        define: { SCRIPTS_OF: JSON.stringify(found) },
    });
    return outputFiles[0]!.text.trim();
}

/** Whether a script that comes later loads this style, too. */
function isLoadedLater(bundle: Bundle, style: string): boolean {
    return Object.values(bundle).some(
        (chunk) =>
            chunk.type === "chunk" && !chunk.isEntry && chunk.viteMetadata?.importedCss.has(style),
    );
}

/** The styles that index.html links to, taken out of the bundle. */
function takeStyles(bundle: Bundle, html: string): { html: string; styles: string } {
    let styles = "";
    const rest = html.replace(/\s*<link rel="stylesheet"[^>]* href="\/([^"]+)">/g, (_, name) => {
        const asset = bundle[name as string];
        styles += asset?.type === "asset" ? asset.source.toString().trim() : "";
        if (!isLoadedLater(bundle, name as string)) {
            delete bundle[name as string];
        }
        return "";
    });
    return { html: rest, styles };
}

/** The page's mark is painted without any script, and the answers that src/start.ts asks for are
 * small: the scripts come behind both. */
function laterThanThePage(html: string): string {
    return html.replace(
        /<(script type="module"|link rel="modulepreload") /g,
        '$&fetchpriority="low" ',
    );
}

function inHead(tag: string, children: string): HtmlTagDescriptor {
    return { tag, children, injectTo: tag === "script" ? "head-prepend" : "head" };
}

export function inline(): Plugin {
    let root = "";
    const asked = new Set<string>();
    return {
        name: "inline",
        configResolved(config) {
            root = config.root;
        },
        buildEnd() {
            const isAsked = (id: string) => this.getModuleInfo(id)?.dynamicImporters.length;
            [...this.getModuleIds()].filter(isAsked).forEach((id) => asked.add(id));
        },
        transformIndexHtml: {
            order: "post",
            async handler(given, { bundle = {} }) {
                const { html, styles } = takeStyles(bundle, laterThanThePage(given));
                const tags = [inHead("script", await startScript(root, scripts(bundle, asked)))];
                return { html, tags: styles ? [...tags, inHead("style", styles)] : tags };
            },
        },
    };
}
