// The page of all settings, made of gateway.conf like gateway.conf(5): a paragraph is comments and
// then the settings that they are about, "#name = default" or "name = value".
import { escape } from "./text";

const SETTING = /^(#?)([a-z_]+) =\s?(.*)$/;

interface Settings {
    about: string[];
    given: { name: string; value: string; isDefault: boolean }[];
}

function read(paragraph: string): Settings {
    const about: string[] = [];
    const given: Settings["given"] = [];
    for (const line of paragraph.split("\n")) {
        const found = SETTING.exec(line);
        if (found) {
            const [, mark, name = "", value = ""] = found;
            given.push({ name, value, isDefault: mark === "#" });
        } else {
            about.push(line.replace(/^#\s?/, ""));
        }
    }
    return { about, given };
}

/** Documents that the comments name; they are not links there. */
function linked(words: string): string {
    return words.replace(/\bdocs\/(\w+\.md)/g, (path, name: string) => `[${name}](${path})`);
}

function code(text: string): string {
    return text === "" ? "empty" : `\`${text}\``;
}

function section({ about, given }: Settings): string {
    const names = given.map(({ name }) => `\`${name}\``).join(", ");
    const rows = given.map(
        ({ name, value, isDefault }) =>
            `| \`${name}\` | ${isDefault ? "default" : "as shipped"}: ${code(value)} |`,
    );
    const words = linked(escape(about.join(" ").trim()));
    return [`## ${names}`, words, ["| setting | value |", "|---|---|", ...rows].join("\n")]
        .filter((text) => text !== "")
        .join("\n\n");
}

/** Markdown of the text of gateway.conf. */
export function settingsPage(text: string): string {
    const paragraphs = text
        .trim()
        .split(/\n\s*\n/)
        .map(read);
    const lead = paragraphs.filter(({ given }) => given.length === 0);
    const sections = paragraphs.filter(({ given }) => given.length > 0);
    return [
        "# Settings",
        ...lead.map(({ about }) => escape(about.join(" ").trim())),
        "On an installed machine `man gateway.conf` shows the same.",
        ...sections.map(section),
    ].join("\n\n");
}
