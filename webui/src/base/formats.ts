// Formats of Intl are kept: making one costs more than using it a thousand times.

const made = new Map<string, unknown>();

/** What `make` makes, made once. The name says the kind, the locale and all that differs. */
export function kept<T>(name: string, make: () => T): T {
    if (!made.has(name)) {
        made.set(name, make());
    }
    return made.get(name) as T;
}
