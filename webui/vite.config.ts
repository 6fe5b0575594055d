import tailwindcss from "@tailwindcss/vite";
import { defineConfig } from "vitest/config";
import { compressed } from "./compressed";
import { docs } from "./docs/plugin";
import { inline } from "./inline";

/** Parts that most pages have are one chunk; what is large and needed by few is none of them. */
const COMMON = /\/src\/(api|base|state|ui)\//;
const RARE = /\/(chart\/|qr|markdown|vectors|talk|pictures|sse|snippets|agent|playground|proof)/;

function chunkOf(id: string): string | undefined {
    if (id.endsWith("/i18n/ko.ts")) {
        return "ko";
    }
    return COMMON.test(id) && !RARE.test(id) ? "common" : undefined;
}

// The gateway serves dist/ from memory: /assets/ for ever, everything else after asking again.
export default defineConfig({
    plugins: [tailwindcss(), inline(), docs(), compressed()],
    esbuild: { jsx: "automatic", jsxImportSource: "preact" },
    build: {
        target: "es2022",
        outDir: "dist",
        emptyOutDir: true,
        assetsInlineLimit: 0, // the Content-Security-Policy allows none but those of inline.ts
        modulePreload: { polyfill: false },
        reportCompressedSize: false,
        rollupOptions: {
            // A round trip costs more than what a page has of another's.
            output: {
                experimentalMinChunkSize: 12 * 1024,
                manualChunks: chunkOf,
            },
        },
    },
    // `npx vite` while working on the pages: the API comes from a gateway that runs beside it.
    server: { proxy: { "/api": "http://127.0.0.1:3000", "/docs": "http://127.0.0.1:3000" } },
    test: { include: ["src/**/*.test.ts", "docs/**/*.test.ts"], environment: "node" },
});
