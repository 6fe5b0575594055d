import tailwindcss from "@tailwindcss/vite";
import { defineConfig } from "vitest/config";
import { compressed } from "./compressed";

// The gateway serves dist/ from memory: /assets/ for ever, everything else after asking again.
export default defineConfig({
    plugins: [tailwindcss(), compressed()],
    esbuild: { jsx: "automatic", jsxImportSource: "preact" },
    build: {
        target: "es2022",
        outDir: "dist",
        emptyOutDir: true,
        assetsInlineLimit: 0, // the Content-Security-Policy allows no inline script or style
        modulePreload: { polyfill: false },
        reportCompressedSize: false,
    },
    // `npx vite` while working on the pages: the API comes from a gateway that runs beside it.
    server: { proxy: { "/api": "http://127.0.0.1:3000" } },
    test: { include: ["src/**/*.test.ts"], environment: "node" },
});
