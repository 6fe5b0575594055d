// Code to paste: a first call in three languages, with the address and the key in it.

export interface Snippet {
    id: string;
    name: string;
    code: string;
}

const KEY_PLACE = "llm_sk_your_key";

/** A text as a JavaScript, Python or JSON string: JSON's escapes are good in all of them. */
export function quoted(text: string): string {
    return JSON.stringify(text);
}

/** A text as one word of a shell command. */
export function shellQuoted(text: string): string {
    return "'" + text.replaceAll("'", "'\\''") + "'";
}

function curl(baseUrl: string, key: string, model: string): string {
    const body = { model, messages: [{ role: "user", content: "Hello!" }] };
    return curlOf(baseUrl, key, "/chat/completions", body);
}

/** A field of a form for curl; of a file only the name is known. `--form-string` takes all as it is. */
function fieldOf([name, value]: [string, FormDataEntryValue]): string {
    return typeof value === "string"
        ? `  --form-string ${shellQuoted(`${name}=${value}`)}`
        : `  -F ${shellQuoted(`${name}=@"${value.name.replaceAll(/["\\]/g, "\\$&")}"`)}`;
}

/** A call at a path below the mount. A FormData is sent as a form. */
export function curlOf(baseUrl: string, key: string | null, path: string, body: unknown): string {
    const fields =
        body instanceof FormData
            ? [...body.entries()].map(fieldOf)
            : [
                  `  -H ${shellQuoted("Content-Type: application/json")}`,
                  `  -d ${shellQuoted(JSON.stringify(body))}`,
              ];
    return [
        `curl ${shellQuoted(baseUrl + path)}`,
        `  -H ${shellQuoted("Authorization: Bearer " + (key ?? KEY_PLACE))}`,
        ...fields,
    ].join(" \\\n");
}

function python(baseUrl: string, key: string, model: string): string {
    return `from openai import OpenAI

client = OpenAI(
    api_key=${quoted(key)},
    base_url=${quoted(baseUrl)},
)
answer = client.chat.completions.create(
    model=${quoted(model)},
    messages=[{"role": "user", "content": "Hello!"}],
)
print(answer.choices[0].message.content)`;
}

function javascript(baseUrl: string, key: string, model: string): string {
    return `import OpenAI from "openai";

const client = new OpenAI({
    apiKey: ${quoted(key)},
    baseURL: ${quoted(baseUrl)},
});
const answer = await client.chat.completions.create({
    model: ${quoted(model)},
    messages: [{ role: "user", content: "Hello!" }],
});
console.log(answer.choices[0].message.content);`;
}

export function snippets(baseUrl: string, key: string | null, model: string): Snippet[] {
    const shown = key ?? KEY_PLACE;
    return [
        { id: "curl", name: "curl", code: curl(baseUrl, shown, model) },
        { id: "python", name: "Python", code: python(baseUrl, shown, model) },
        { id: "javascript", name: "JavaScript", code: javascript(baseUrl, shown, model) },
    ];
}
