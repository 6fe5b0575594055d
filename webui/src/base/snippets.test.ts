import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { curlOf, shellQuoted, snippets } from "./snippets";

it("has the address, the key and the model in every language", () => {
    for (const { code } of snippets("https://llm.example.com/api/v1", "llm_sk_abc", "gpt-4o")) {
        expect(code).toContain("https://llm.example.com/api/v1");
        expect(code).toContain("llm_sk_abc");
        expect(code).toContain("gpt-4o");
    }
});

it("says where the key goes when there is none to show", () => {
    for (const { code } of snippets("http://x/api/v1", null, "demo")) {
        expect(code).toContain("llm_sk_your_key");
    }
});

it("survives a shell, whatever is in the prompt", () => {
    const content = `it's $HOME \`id\` "quoted" \\ and\nnew lines; rm -rf '$(pwd)' 한국어`;
    const body = { model: "demo", messages: [{ role: "user", content }] };
    const shown = curlOf("http://127.0.0.1:1/api/v1", "llm_sk_abc", "/chat/completions", body);
    const script = `curl() { for last; do :; done; printf %s "$last"; }\n${shown}`;
    expect(JSON.parse(execFileSync("bash", ["-c", script], { encoding: "utf8" }))).toEqual(body);
    expect(shellQuoted("it's")).toBe(`'it'\\''s'`);
});

it("sends a form as a form, with any name of a file", () => {
    const form = new FormData();
    form.append("model", "it's; @x");
    // A File in effect; Node 18, which Debian 12 has, knows no class of that name.
    form.append("file", new Blob(["x"]), `a "b" 'c'.wav`);
    const shown = curlOf("http://127.0.0.1:1/v1", null, "/audio/transcriptions", form);
    const script = `curl() { printf '%s\\0' "$@"; }\n${shown}`;
    const words = execFileSync("bash", ["-c", script], { encoding: "utf8" }).split("\0");
    expect(words[words.indexOf("--form-string") + 1]).toBe("model=it's; @x");
    expect(words[words.indexOf("-F") + 1]).toBe(`file=@"a \\"b\\" 'c'.wav"`);
    expect(words[0]).toBe("http://127.0.0.1:1/v1/audio/transcriptions");
});
