// What the reference needs of docs/openapi.yaml.

export interface Schema {
    $ref?: string;
    type?: string | string[];
    description?: string;
    properties?: Record<string, Schema>;
    required?: string[];
    items?: Schema;
    enum?: unknown[];
    const?: unknown;
    oneOf?: Schema[];
    anyOf?: Schema[];
    allOf?: Schema[];
    format?: string;
    default?: unknown;
    minimum?: number;
    maximum?: number;
    maxLength?: number;
    examples?: unknown[];
}

interface Reference {
    $ref?: string;
}

export interface Parameter extends Reference {
    name: string;
    in: string;
    required?: boolean;
    description?: string;
    schema?: Schema;
}

export interface Media {
    schema?: Schema;
    example?: unknown;
}

export interface Body extends Reference {
    description?: string;
    required?: boolean;
    content?: Record<string, Media>;
}

export interface Reply extends Reference {
    description?: string;
    headers?: Record<string, Reference & { description?: string }>;
    content?: Record<string, Media>;
}

export interface Operation {
    tags?: string[];
    summary?: string;
    description?: string;
    security?: Record<string, unknown>[];
    parameters?: Parameter[];
    requestBody?: Body;
    responses: Record<string, Reply>;
}

export type PathItem = Reference & Record<string, Operation | Parameter[] | string>;

export interface OpenApi {
    paths: Record<string, PathItem>;
    tags?: { name: string; description?: string }[];
    [more: string]: unknown;
}

export const METHODS = ["get", "post", "put", "patch", "delete"] as const;

/** Follows `$ref`s; what is not one comes back as it is. */
export function deref<T extends Reference>(document: OpenApi, node: T): T {
    let found: unknown = node;
    while ((found as Reference).$ref !== undefined) {
        const names = ((found as Reference).$ref ?? "").split("/").slice(1);
        found = document;
        for (const name of names) {
            const key = name.replace(/~1/g, "/").replace(/~0/g, "~");
            found = (found as Record<string, unknown>)[key];
        }
    }
    return found as T;
}

export interface Route {
    method: string;
    paths: string[]; // the first is the one to show
    operation: Operation;
    parameters: Parameter[];
}

/** Every operation once: mounts that share a path item are further names of its first path. */
export function routesOf(document: OpenApi): Route[] {
    const routes = new Map<string, Route>();
    for (const [path, raw] of Object.entries(document.paths)) {
        const item = deref(document, raw);
        for (const method of METHODS) {
            const operation = item[method] as Operation | undefined;
            if (!operation) {
                continue;
            }
            const key = `${method} ${raw.$ref ?? path}`;
            const known = routes.get(key);
            if (known) {
                known.paths.push(path);
                continue;
            }
            const shared = (item["parameters"] as Parameter[] | undefined) ?? [];
            const parameters = [...shared, ...(operation.parameters ?? [])];
            routes.set(key, {
                method: method.toUpperCase(),
                paths: [path],
                operation,
                parameters: parameters.map((one) => deref(document, one)),
            });
        }
    }
    return [...routes.values()];
}
