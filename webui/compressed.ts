// Puts FILE.br and FILE.gz beside each FILE of the build where that saves something: the gateway
// sends what the browser takes. It writes the brand into index.html and the pages of docs/, which it
// packs by itself.
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

const TEXTS = /\.(js|css|svg|json|txt)$/;
const brotli = promisify(brotliCompress);
const zip = promisify(gzip);

async function compress(file: string): Promise<void> {
    const data = await readFile(file);
    const twins: [string, Buffer][] = [
        [".br", await brotli(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })],
        [".gz", await zip(data, { level: 9 })],
    ];
    for (const [ending, twin] of twins) {
        if (twin.length < data.length) {
            await writeFile(file + ending, twin);
        }
    }
}

export function compressed(): Plugin {
    let folder = "";
    return {
        name: "compressed",
        apply: "build",
        configResolved(config) {
            folder = config.build.outDir;
        },
        async closeBundle() {
            const names = await readdir(folder, { recursive: true });
            const texts = names.filter((name) => TEXTS.test(name) && !name.startsWith("docs/"));
            await Promise.all(texts.map((name) => compress(join(folder, name))));
        },
    };
}
