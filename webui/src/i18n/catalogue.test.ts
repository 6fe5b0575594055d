import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { en } from "./en";
import { preferred } from "./preferred";
import { ko } from "./ko";
import { fill } from "./text";

const SOURCES = join(__dirname, "..");
const ROOT = join(SOURCES, "../..");

function filesBelow(folder: string, ending: RegExp): string[] {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => ending.test(name))
        .map((name) => join(folder, name));
}

function textOf(files: string[]): string {
    return files.map((file) => readFileSync(file, "utf8")).join("\n");
}

const pages = textOf(
    filesBelow(SOURCES, /\.tsx?$/).filter((file) => !/\.test\.ts$|i18n\/(en|ko)\.ts$/.test(file)),
);

/** The beginnings of names that are put together, like `usage.view.${id}`; errors have their own test. */
const beginnings = [...pages.matchAll(/`([a-z]+\.[\w.]*)\$\{[\w.]+\}`/g)]
    .map(([, beginning]) => beginning ?? "")
    .filter((beginning) => beginning !== "error.");

function isUsed(key: string): boolean {
    return pages.includes(`"${key}"`) || beginnings.some((beginning) => key.startsWith(beginning));
}

function parameters(text: string): string[] {
    return [...new Set(text.match(/\{\w+\}/g))].sort();
}

it("has no text that nothing uses", () => {
    const keys = Object.keys(en).filter((key) => !key.startsWith("error."));
    expect(keys.filter((key) => !isUsed(key))).toEqual([]);
});

const gateway = textOf([
    ...filesBelow(join(ROOT, "core"), /\.[ch]$/),
    // Not what reads files for the command line: it refuses by lines of text. Nor the translations
    // between dialects: they refuse by members, and no page sends what they read.
    ...filesBelow(join(ROOT, "lua"), /\.lua$/).filter(
        (path) => !/lua.(catalog|dialect|policy).(?!init)/.test(path),
    ),
]);

it("has a sentence for every error that a page can meet", () => {
    const answers = /(?:refuse\((?:\w+, )*|\.code = |\b[45]\d\d, )"([a-z_]+)"/g;
    const codes = [...gateway.matchAll(answers)].map(([, code]) => code ?? "");
    expect(codes.length).toBeGreaterThan(50); // it is written as this test expects
    // What pages never send: an API key of their own, a packed body, a request for a WebSocket, the
    // id of a response, a signed event of the payment processor.
    // And what is shown in the operator's words.
    const apiOnly =
        /^(sign_up_refused|invalid_api_key|idempotency_answer_not_kept|unsupported_content_encoding|websocket_not_supported|previous_response_not_found|invalid_signature)$/;
    const missing = codes.filter((code) => !apiOnly.test(code) && !(`error.${code}` in en));
    expect([...new Set(missing)]).toEqual([]);
});

it("has no sentence for an error that the gateway does not know", () => {
    const codes = Object.keys(en)
        .filter((key) => key.startsWith("error.") && !pages.includes(`"${key}"`))
        .map((key) => key.slice("error.".length));
    expect(codes.filter((code) => !gateway.includes(`"${code}"`) && code !== "offline")).toEqual(
        [],
    );
});

it("says the same in Korean", () => {
    expect(Object.keys(ko).sort()).toEqual(Object.keys(en).sort());
    for (const [key, text] of Object.entries(en)) {
        const korean = ko[key as keyof typeof en];
        expect([key, parameters(korean)]).toEqual([key, parameters(text)]);
        expect(korean.trim(), key).not.toBe("");
    }
});

it("is really in Korean", () => {
    // Names that are the same everywhere.
    const same = Object.entries(en).filter(([key, text]) => ko[key as keyof typeof en] === text);
    expect(same.map(([key]) => key)).toEqual(["capability.json_mode"]);
});

it("fills in parameters and chooses the plural", () => {
    expect(fill("{n} key|{n} keys", { n: 1 })).toBe("1 key");
    expect(fill("{n} key|{n} keys", { n: "1,234" })).toBe("1,234 keys");
    expect(fill("키 {n}개", { n: 1 })).toBe("키 1개");
    expect(fill("{a} {b}", { a: "{b}", b: "x" })).toBe("{b} x");
});

it("takes the first language of the browser that there is", () => {
    expect(preferred(null, ["fr-FR", "ko-KR", "en"])).toBe("ko");
    expect(preferred(null, ["en-GB", "ko"])).toBe("en");
    expect(preferred("ko", ["en"])).toBe("ko");
    expect(preferred(null, ["fr"])).toBe("en");
});
