// Puts the documentation into the build: its pages, and their script with a hash.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Plugin, transformWithEsbuild } from "vite";
import { filesOf } from "./site";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");

function read(path: string): string {
    return readFileSync(join(ROOT, path), "utf8");
}

async function minified(name: string, text: string): Promise<string> {
    return (await transformWithEsbuild(text, name, { minify: true, target: "es2022" })).code;
}

export function docs(): Plugin {
    return {
        name: "docs",
        apply: "build",
        async generateBundle() {
            const style = read("webui/src/tokens.css") + read("webui/docs/docs.css");
            const script = this.emitFile({
                type: "asset",
                name: "docs.js",
                source: await minified("docs.js", read("webui/docs/docs.js")),
            });
            const assets = {
                style: (await minified("docs.css", style)).trim(),
                script: `/${this.getFileName(script)}`,
                theme: (await minified("theme.js", read("webui/docs/theme.js"))).trim(),
            };
            for (const [fileName, source] of filesOf(read, assets)) {
                this.emitFile({ type: "asset", fileName, source });
            }
        },
    };
}
