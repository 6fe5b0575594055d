// Fills a text of the catalogue in. `{name}` stands for a parameter; a text of the form
// "{n} key|{n} keys" has a singular and a plural, chosen by the parameter n.

export type Values = Record<string, string | number>;

/** The names of a text's parameters: "Hello {name}" -> "name". */
export type Params<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
    ? Name | Params<Rest>
    : never;

function chosenForm(text: string, n: string | number | undefined): string {
    const forms = text.split("|");
    const isOne = n === 1 || n === "1";
    return forms[isOne ? 0 : forms.length - 1] ?? text;
}

export function fill(text: string, values: Values = {}): string {
    const form = chosenForm(text, values["n"]);
    return form.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
