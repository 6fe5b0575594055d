// What the site has, in the order of its navigation. Each page is a file of docs/ (or README.md),
// which GitHub shows as it is, or is made of docs/openapi.yaml or gateway.conf.

export interface Entry {
    source: string; // below the repository; of a page that is made: a name of its own
    url: string;
    language?: string; // en, if none is named
}

export interface Section {
    title: string;
    entries: readonly Entry[];
}

export interface Part {
    id: "developers" | "operators";
    title: string;
    home: string;
    sections: readonly Section[];
}

function developers(source: string, name: string): Entry {
    return { source: `docs/${source}.md`, url: `/docs/developers/${name}` };
}

function operators(source: string, name: string): Entry {
    return { source: `docs/${source}.md`, url: `/docs/operators/${name}` };
}

/** The pages that reference.ts makes of the operations with these tags. */
export const REFERENCE = "reference:";

export const DEVELOPERS: Part = {
    id: "developers",
    title: "Developers",
    home: "/docs",
    sections: [
        {
            title: "Start",
            entries: [
                { source: "docs/developers/README.md", url: "/docs" },
                developers("developers/quickstart", "quickstart"),
                { ...developers("developers/quickstart.ko", "quickstart-ko"), language: "ko" },
                developers("developers/authentication", "authentication"),
                developers("developers/models", "models"),
                developers("AGENTS", "agents"),
            ],
        },
        {
            title: "Guides",
            entries: [
                developers("developers/streaming", "streaming"),
                developers("developers/errors", "errors"),
                developers("developers/limits", "limits"),
                developers("developers/idempotency", "idempotency"),
                developers("developers/cost", "cost"),
            ],
        },
        {
            title: "Migrate",
            entries: [
                developers("developers/from-openai", "from-openai"),
                developers("developers/from-openrouter", "from-openrouter"),
                developers("developers/from-newapi", "from-newapi"),
            ],
        },
        {
            title: "Reference",
            entries: [
                developers("API", "api"),
                developers("DIALECTS", "dialects"),
                { source: `${REFERENCE}api`, url: "/docs/developers/reference" },
            ],
        },
    ],
};

export const OPERATORS: Part = {
    id: "operators",
    title: "Operators",
    home: "/docs/operators",
    sections: [
        {
            title: "Start",
            entries: [
                { source: "docs/README.md", url: "/docs/operators" },
                operators("operators/install", "install"),
                operators("CONTAINER", "container"),
                { source: "gateway.conf", url: "/docs/operators/settings" },
                operators("BRAND", "brand"),
                operators("DOORS", "doors"),
                operators("MAIL", "mail"),
            ],
        },
        {
            title: "What is sold",
            entries: [
                operators("POLICIES", "policies"),
                operators("CATALOG", "catalog"),
                operators("operators/providers", "providers"),
            ],
        },
        {
            title: "Money",
            entries: [
                operators("operators/money", "money"),
                operators("PAYMENTS", "payments"),
                operators("LEDGER", "ledger"),
            ],
        },
        {
            title: "Running it",
            entries: [
                operators("ADMIN", "admin"),
                operators("operators/upgrade", "upgrade"),
                operators("operators/incidents", "incidents"),
                operators("ALERTS", "alerts"),
                operators("METRICS", "metrics"),
                operators("TRACES", "traces"),
                operators("DATA", "data"),
                operators("PERFORMANCE", "performance"),
            ],
        },
        {
            title: "Reference",
            entries: [{ source: `${REFERENCE}admin`, url: "/docs/operators/reference" }],
        },
        {
            title: "Inside",
            entries: [
                operators("ARCHITECTURE", "architecture"),
                operators("INCLUDES", "includes"),
                operators("LIBRARIES", "libraries"),
            ],
        },
    ],
};

export const PARTS: readonly Part[] = [DEVELOPERS, OPERATORS];

/** Files of docs/ that are no page: the settings have one of their own. */
export const NO_PAGES: readonly string[] = [];
