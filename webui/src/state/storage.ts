// What this browser remembers between visits. A browser that keeps nothing is no error.

export const KEPT_TALKS = "talks:"; // and whose

export function read(name: string): string | null {
    try {
        return localStorage.getItem(name);
    } catch {
        return null;
    }
}

export function write(name: string, value: string | null): void {
    try {
        if (value === null) {
            localStorage.removeItem(name);
        } else {
            localStorage.setItem(name, value);
        }
    } catch {
        // Not kept, then.
    }
}

/** Everything whose name begins so. */
export function forget(beginning: string): void {
    try {
        Object.keys(localStorage)
            .filter((name) => name.startsWith(beginning))
            .forEach((name) => localStorage.removeItem(name));
    } catch {
        // Nothing was kept.
    }
}
