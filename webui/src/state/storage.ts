// What this browser remembers between visits. A browser that keeps nothing is no error.

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
