// The reference: Markdown of every operation in docs/openapi.yaml, some subjects a page.
import {
    deref,
    type Media,
    type OpenApi,
    type Reply,
    type Route,
    routesOf,
    type Schema,
} from "./openapi";
import { Slugs } from "./text";

interface Subject {
    name: string;
    title: string;
    lead: string;
    paths: RegExp;
}

const CALLS: readonly Subject[] = [
    {
        name: "chat",
        title: "Chat and completions",
        lead: "OpenAI's chat completions and its older completions, streamed or not.",
        paths: /^\/v1\/(chat|completions)/,
    },
    {
        name: "responses",
        title: "Responses and conversations",
        lead: "OpenAI's Responses API, and what it keeps.",
        paths: /^\/v1\/(responses|conversations)/,
    },
    {
        name: "messages",
        title: "Messages",
        lead: "Anthropic's Messages API, streamed or not.",
        paths: /^\/v1\/messages/,
    },
    {
        name: "gemini",
        title: "Gemini",
        lead: "Google's Gemini API.",
        paths: /^\/v1beta\//,
    },
    {
        name: "embeddings",
        title: "Embeddings, rankings and verdicts",
        lead: "Embeddings, rerank, moderations and decisions.",
        paths: /^\/v[12]\/(embeddings|rerank|moderations|decisions)/,
    },
    {
        name: "media",
        title: "Images and sound",
        lead: "Pictures, speech and transcriptions.",
        paths: /^\/v1\/(images|audio)/,
    },
    {
        name: "models",
        title: "Models, cost and the key",
        lead: "What the key may call, what a call would cost and what it has cost.",
        paths: /^\/v1\/(models|estimate|credits|key|generation)/,
    },
    {
        name: "sign-in",
        title: "Signing in and the account",
        lead: "The dashboard's API: the session, passwords, the second factor, your data.",
        paths: /^\/api\/(auth|account|notices|mail-events|site|hello)/,
    },
    {
        name: "keys",
        title: "Keys and quotas",
        lead: "The dashboard's API: keys with budgets, and quotas.",
        paths: /^\/api\/(keys|quotas)/,
    },
    {
        name: "credits",
        title: "Credits and payments",
        lead: "The dashboard's API: the balance, payments, vouchers, transfers.",
        paths: /^\/api\/(balance|pulse|payment|transfers)/,
    },
    {
        name: "usage",
        title: "Usage and prices",
        lead: "The dashboard's API: calls and what they cost, refused calls, prices.",
        paths: /^\/api\/(usage|refusals|models|prices)/,
    },
    {
        name: "playground",
        title: "The playground",
        lead: "The dashboard's API: calls with one of the user's keys.",
        paths: /^\/api\/playground/,
    },
    {
        name: "health",
        title: "Health",
        lead: "For load balancers and supervisors; no key is needed.",
        paths: /^\/(healthz|readyz)/,
    },
];

const ADMIN: readonly Subject[] = [
    {
        name: "customers",
        title: "Customers",
        lead: "Customers, their keys, sessions, quotas, notes and data.",
        paths: /^\/api\/admin\/(users|invitations|groups|password-links|unlocks|sessions|second-factors|data|erase|keys|user-keys|notes|quotas|search)/,
    },
    {
        name: "usage",
        title: "Usage and sales",
        lead: "Calls of customers, and what the gateway earns.",
        paths: /^\/api\/admin\/(usage|refusals|sales|statement|live)/,
    },
    {
        name: "credits",
        title: "Credits, payments and vouchers",
        lead: "Money: credits, debits, refunds, payments, vouchers.",
        paths: /^\/api\/admin\/(transfers|credits|debits|refunds|payments|vouchers|voucher-codes)/,
    },
    {
        name: "service",
        title: "Policies, providers, alerts",
        lead: "What is in force, providers, trials, alerts, the audit log.",
        paths: /^\/api\/admin\/(policies|replay|prices|providers|trials|attempts|alerts|audit)/,
    },
];

const DEPTH_MAX = 3;
const ORIGIN = "http://127.0.0.1:3000";

export interface Made {
    source: string;
    name: string; // of the page below the reference's own
    title: string;
    markdown: string;
}

// ---- schemas ----

function kindOf(document: OpenApi, raw: Schema): string {
    const schema = deref(document, raw);
    if (schema.const !== undefined) {
        return `\`${JSON.stringify(schema.const)}\``;
    } else if (schema.enum) {
        return schema.enum.map((one) => `\`${JSON.stringify(one)}\``).join(" or ");
    }
    const choices = schema.oneOf ?? schema.anyOf;
    if (choices) {
        return [...new Set(choices.map((one) => kindOf(document, one)))].join(" or ");
    }
    const types = ([] as string[]).concat(schema.type ?? (schema.properties ? "object" : []));
    if (types.includes("array") && schema.items) {
        const inner = kindOf(document, schema.items);
        return types.map((type) => (type === "array" ? `list of ${inner}` : type)).join(" or ");
    }
    return types.join(" or ") || (schema.allOf ? "object" : "any");
}

/** The members of an object, also those of its parts. */
function membersOf(document: OpenApi, raw: Schema): [string, Schema, boolean][] {
    const schema = deref(document, raw);
    const own = Object.entries(schema.properties ?? {}).map(
        ([name, member]): [string, Schema, boolean] => [
            name,
            member,
            schema.required?.includes(name) ?? false,
        ],
    );
    const parts = schema.allOf ?? (schema.oneOf ?? schema.anyOf ?? []).slice(0, 4);
    const seen = new Set(own.map(([name]) => name));
    for (const member of parts.flatMap((part) => membersOf(document, part))) {
        if (!seen.has(member[0])) {
            seen.add(member[0]);
            own.push(member);
        }
    }
    return own;
}

function inner(document: OpenApi, raw: Schema): [Schema, string] {
    const schema = deref(document, raw);
    return schema.items ? [schema.items, "[]"] : [schema, ""];
}

function cell(text: string): string {
    return text
        .replace(/\s+/g, " ")
        .replace(/(?<!\\)\|/g, "\\|")
        .replace(/</g, "&lt;");
}

function rowsOf(
    document: OpenApi,
    schema: Schema,
    prefix: string,
    path: readonly Schema[],
): string[] {
    const [object, suffix] = inner(document, schema);
    const own = deref(document, object);
    if (path.length === DEPTH_MAX || path.includes(own)) {
        return [];
    }
    const place = prefix === "" ? suffix : `${prefix}${suffix}`;
    return membersOf(document, object).flatMap(([name, member, required]) => {
        const full = place === "" ? name : `${place}.${name}`;
        const about = member.description ?? deref(document, member).description ?? "";
        const kind = kindOf(document, member) + (required ? ", required" : "");
        return [
            `| \`${full}\` | ${cell(kind)} | ${cell(about)} |`,
            ...rowsOf(document, member, full, [...path, own]),
        ];
    });
}

function table(document: OpenApi, schema: Schema): string {
    const rows = rowsOf(document, schema, "", []);
    return rows.length === 0 ? "" : ["| member | type | |", "|---|---|---|", ...rows].join("\n");
}

// ---- operations ----

function sample(document: OpenApi, raw: Schema, depth = 0): unknown {
    const schema = deref(document, raw);
    if (schema.examples && schema.examples.length > 0) {
        return schema.examples[0];
    } else if (schema.const !== undefined) {
        return schema.const;
    } else if (schema.enum) {
        return schema.enum[0];
    } else if (schema.default !== undefined) {
        return schema.default;
    }
    const choices = schema.oneOf ?? schema.anyOf;
    const required = membersOf(document, schema).filter(([, , needed]) => needed);
    if (required.length > 0 && depth < DEPTH_MAX) {
        return Object.fromEntries(
            required.map(([name, member]) => [name, sample(document, member, depth + 1)]),
        );
    } else if (choices?.[0]) {
        return sample(document, choices[0], depth + 1);
    }
    const [type] = ([] as string[]).concat(schema.type ?? "object");
    if (type === "array") {
        return schema.items ? [sample(document, schema.items, depth + 1)] : [];
    }
    return (
        { string: "…", integer: schema.minimum ?? 1, number: 1, boolean: true }[type ?? ""] ?? {}
    );
}

/** Bodies of the calls that one tries first; the others are made of their schemas. */
const BODIES: Record<string, unknown> = {
    "/v1/chat/completions": { model: "demo", messages: [{ role: "user", content: "Hello!" }] },
    "/v1/completions": { model: "your-model", prompt: "Once upon a time", max_tokens: 50 },
    "/v1/responses": { model: "demo", input: "Hello!" },
    "/v1/responses/compact": { model: "demo", input: "Hello!" },
    "/v1/responses/input_tokens": { model: "demo", input: "Hello!" },
    "/v1/messages": {
        model: "demo",
        max_tokens: 100,
        messages: [{ role: "user", content: "Hello!" }],
    },
    "/v1/messages/count_tokens": { model: "demo", messages: [{ role: "user", content: "Hello!" }] },
    "/v1/embeddings": { model: "your-model", input: "Hello!" },
    "/v1/moderations": { model: "your-model", input: "Hello!" },
    "/v1/rerank": { model: "your-model", query: "tea", documents: ["coffee", "green tea"] },
    "/v1/audio/speech": { model: "your-model", voice: "alloy", input: "Hello!" },
    "/v1/images/generations": { model: "your-model", prompt: "A green teapot" },
    "/v1/estimate": { model: "demo", messages: [{ role: "user", content: "Hello!" }] },
    "/v1beta/models/{id}": { contents: [{ role: "user", parts: [{ text: "Hello!" }] }] },
};

const IDS: Record<string, string> = {
    "/v1beta/models/{id}": "demo:generateContent",
    "/v1/models/{id}": "demo",
    "/v1/estimate/{id}": "chat/completions",
};

function bodyLines(document: OpenApi, path: string, content: Record<string, Media>): string[] {
    const json = content["application/json"];
    const form = content["multipart/form-data"];
    if (form && !BODIES[path]) {
        const needed = membersOf(document, form.schema ?? {}).filter(([, , required]) => required);
        return needed.map(([name, member]) =>
            deref(document, member).format === "binary" ||
            kindOf(document, member).includes("binary")
                ? `-F ${name}=@file`
                : `-F ${name}=…`,
        );
    }
    const body = BODIES[path] ?? (json?.schema ? sample(document, json.schema) : {});
    const text = JSON.stringify(body).replace(/'/g, "'\\''");
    return ['-H "Content-Type: application/json"', `-d '${text}'`];
}

function curl(document: OpenApi, route: Route): string {
    const [path = ""] = route.paths;
    const keyed = route.operation.security?.some((one) => "key" in one) ?? false;
    const open = route.operation.security?.length === 0;
    const address = path.replace("{id}", IDS[path] ?? "ID");
    const needed = route.parameters.filter((one) => one.in === "query" && one.required);
    const query = needed.map(({ name }) => `${name}=…`).join("&");
    const body = route.operation.requestBody && deref(document, route.operation.requestBody);
    const lines = [
        `curl ${route.method === "GET" || body ? "" : `-X ${route.method} `}"${ORIGIN}${address}${query && `?${query}`}"`,
        ...(body && route.method !== "POST" ? [`-X ${route.method}`] : []),
        ...(keyed
            ? ['-H "Authorization: Bearer llm_sk_your_key"']
            : open
              ? []
              : ['-b "session=…"']),
        ...(body?.content ? bodyLines(document, path, body.content) : []),
    ];
    return "```sh\n" + lines.join(" \\\n  ") + "\n```";
}

function parametersOf(document: OpenApi, route: Route): string[] {
    if (route.parameters.length === 0) {
        return [];
    }
    const rows = route.parameters.map((one) => {
        const kind = one.schema ? kindOf(document, one.schema) : "string";
        const place = { path: "in the path", query: "query", header: "header" }[one.in] ?? one.in;
        const about = one.description ?? deref(document, one.schema ?? {}).description ?? "";
        return `| \`${one.name}\` | ${place} | ${cell(kind)}${one.required ? ", required" : ""} | ${cell(about)} |`;
    });
    return [["| parameter | | type | |", "|---|---|---|---|", ...rows].join("\n")];
}

function contentOf(document: OpenApi, content: Record<string, Media> | undefined): string[] {
    const seen = new Set<string>();
    return Object.entries(content ?? {}).flatMap(([type, media]) => {
        const text = media.schema ? table(document, media.schema) : "";
        if (text === "" || seen.has(text)) {
            return [];
        }
        seen.add(text);
        return [`\`${type}\`:`, text];
    });
}

function replyOf(document: OpenApi, status: string, raw: Reply): string[] {
    const reply = deref(document, raw);
    const types = Object.keys(reply.content ?? {}).map((type) => `\`${type}\``);
    const shown = types.length > 0 ? ` (${types.join(", ")})` : "";
    return [
        `**${status}**${shown}: ${reply.description ?? ""}`,
        ...contentOf(document, reply.content),
    ];
}

function nameOf({ method, paths }: Route): string {
    return `${method} ${paths[0] ?? ""}`;
}

function operationOf(document: OpenApi, route: Route): string {
    const { operation, paths } = route;
    const others = paths.slice(1);
    const body = operation.requestBody && deref(document, operation.requestBody);
    const replies = Object.entries(operation.responses);
    const good = replies.filter(([status]) => status < "4");
    const errors = replies.filter(([status]) => status >= "4");
    const rows = errors.map(([status, reply]) => {
        const { description = "" } = deref(document, reply);
        return `| ${status === "default" ? "else" : status} | ${cell(description)} |`;
    });
    return [
        `## ${nameOf(route)}`,
        `${operation.summary ?? ""}.`,
        others.length > 0 ? `Also at ${others.map((one) => `\`${one}\``).join(", ")}.` : "",
        operation.description ?? "",
        curl(document, route),
        ...parametersOf(document, route),
        ...(body
            ? [`**Body.** ${body.description ?? ""}`, ...contentOf(document, body.content)]
            : []),
        ...good.flatMap(([status, reply]) => replyOf(document, status, reply)),
        rows.length > 0 ? ["| error | |", "|---|---|", ...rows].join("\n") : "",
    ]
        .filter((text) => text !== "")
        .join("\n\n");
}

// ---- pages ----

function pageOf(document: OpenApi, subject: Subject, routes: readonly Route[]): string {
    return [
        `# ${subject.title}`,
        subject.lead,
        ...routes.map((route) => operationOf(document, route)),
    ].join("\n\n");
}

function indexOf(lead: string, url: string, made: readonly [Subject, Route[]][]): string {
    const sections = made.map(([subject, routes]) => {
        const slugs = new Slugs();
        const rows = routes.map((route) => {
            const name = nameOf(route);
            const link = `${url}/${subject.name}#${slugs.of(name)}`;
            return `| [\`${name}\`](${link}) | ${route.operation.summary ?? ""} |`;
        });
        return [
            `## ${subject.title}`,
            `[${subject.lead}](${url}/${subject.name})`,
            ["| operation | |", "|---|---|", ...rows].join("\n"),
        ].join("\n\n");
    });
    return ["# Reference of the API", lead, ...sections].join("\n\n");
}

const LEADS = {
    api:
        "Every path, parameter, member and error of the API, from " +
        "[openapi.json](/docs/developers/openapi.json), which is for machines. The base URL is " +
        "`http://127.0.0.1:3000`. Calls need a [key](/docs/developers/authentication), paths below " +
        "`/api` a session. [Errors](/docs/developers/errors) have the same codes everywhere.",
    admin:
        "What the operator's pages of the dashboard do, for scripts of your own. All of it needs an " +
        "operator's session, and the permission that the role gives.",
};

/** The pages for customers or for operators; `url`: of the first one, which lists the others. */
export function referencePages(document: OpenApi, part: "api" | "admin", url: string): Made[] {
    const isAdmin = (route: Route) => route.operation.tags?.includes("admin") ?? false;
    const routes = routesOf(document).filter((route) => isAdmin(route) === (part === "admin"));
    const left = new Set(routes);
    const made = (part === "admin" ? ADMIN : CALLS).map((subject): [Subject, Route[]] => {
        const own = routes.filter((route) => subject.paths.test(route.paths[0] ?? ""));
        own.forEach((route) => left.delete(route));
        return [subject, own];
    });
    if (left.size > 0) {
        const names = [...left].map((route) => route.paths[0]).join(", ");
        throw new Error(`webui/docs/reference.ts has no subject for ${names}`);
    }
    const pages = made.map(([subject, own]) => ({
        source: `reference:${part}:${subject.name}`,
        name: subject.name,
        title: subject.title,
        markdown: pageOf(document, subject, own),
    }));
    const index = indexOf(LEADS[part], url, made);
    const first = { source: `reference:${part}`, name: "", title: "Reference", markdown: index };
    return [first, ...pages];
}

/** What customers may know, as a document of its own. */
export function customersDocument(document: OpenApi): OpenApi {
    const paths = Object.entries(document.paths).filter(
        ([path]) => !path.startsWith("/api/admin/"),
    );
    return {
        ...document,
        servers: [{ url: "/" }],
        tags: document.tags?.filter(({ name }) => name !== "admin") ?? [],
        paths: Object.fromEntries(paths),
    };
}
