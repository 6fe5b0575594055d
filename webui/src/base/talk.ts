// A conversation as data: what was asked with which settings, and what a call of it sends.
import type { ChatAsked, Message, Part } from "../api/chat";

export interface Settings {
    system: string;
    longest: string; // in tokens; "": the model's own, as of all of these
    temperature: string;
    effort: string;
}

export const NO_SETTINGS: Settings = { system: "", longest: "", temperature: "", effort: "" };

export interface Said {
    question: string;
    pictures: readonly string[]; // data: URLs
    answer: { text: string };
}

/** Null: it is no such number. */
export function longestOf(text: string): number | null {
    return /^[1-9]\d{0,8}$/.test(text.trim()) ? Number(text) : null;
}

export function temperatureOf(text: string): number | null {
    const number = /^\d(\.\d+)?$/.test(text.trim()) ? Number(text) : null;
    return number !== null && number <= 2 ? number : null;
}

/** What is wrong with them; "": nothing. */
export function settingsFault(settings: Settings): "" | "longest" | "temperature" {
    const { longest, temperature } = settings;
    if (longest.trim() !== "" && longestOf(longest) === null) {
        return "longest";
    }
    return temperature.trim() !== "" && temperatureOf(temperature) === null ? "temperature" : "";
}

function question(text: string, pictures: readonly string[]): Message {
    if (pictures.length === 0) {
        return { role: "user", content: text };
    }
    const shown = pictures.map<Part>((url) => ({ type: "image_url", image_url: { url } }));
    return { role: "user", content: [{ type: "text", text }, ...shown] };
}

/** The system's message, what was said so far, and the question. */
function messagesOf(before: readonly Said[], system: string, asked: Message): Message[] {
    const said = before.flatMap<Message>(({ question: text, pictures, answer }) =>
        answer.text ? [question(text, pictures), { role: "assistant", content: answer.text }] : [],
    );
    const first: Message[] = system.trim() ? [{ role: "system", content: system }] : [];
    return [...first, ...said, asked];
}

export function bodyOf(
    model: string,
    settings: Settings,
    before: readonly Said[],
    text: string,
    pictures: readonly string[],
): ChatAsked {
    const longest = longestOf(settings.longest);
    const temperature = temperatureOf(settings.temperature);
    return {
        model,
        messages: messagesOf(before, settings.system, question(text, pictures)),
        stream: true,
        ...(longest !== null && { max_completion_tokens: longest }),
        ...(temperature !== null && { temperature }),
        ...(settings.effort && { reasoning_effort: settings.effort }),
    };
}
