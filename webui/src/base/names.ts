// What the rows of a list are called where only their name is heard, as in "Withdraw: Spring fair".

/** One name a row, no two alike: whoever is called like another has its mark behind the name. */
export function distinctNames<Row>(
    rows: readonly Row[],
    nameOf: (row: Row) => string,
    markOf: (row: Row) => string,
): string[] {
    const counts = new Map<string, number>();
    for (const name of rows.map(nameOf)) {
        counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return rows.map((row) => {
        const name = nameOf(row);
        return counts.get(name) === 1 ? name : `${name} (${markOf(row)})`;
    });
}

/** The name of a button that every row has: what is read on it comes first. */
export const actionOn = (action: string, name: string) => `${action}: ${name}`;
