// A conversation with a model, streamed.
import { ask, readEvents } from "./playground";

export type Part =
    { type: "text"; text: string } | { type: "image_url"; image_url: { url: string } };

export interface Message {
    role: "system" | "user" | "assistant";
    content: string | Part[];
}

export interface ChatAsked {
    model: string;
    messages: Message[];
    stream: true;
    max_completion_tokens?: number;
    temperature?: number;
    reasoning_effort?: string;
}

interface Chunk {
    choices?: { delta?: { content?: string | null }; finish_reason?: string | null }[];
}

export interface Listener {
    onBegin: (requestId: string) => void;
    onText: (piece: string) => void;
}

export const CHAT = "/chat/completions";

/** Throws an ApiError for what went wrong before or in the stream, an AbortError when stopped. */
export async function streamChat(
    keyId: string,
    body: ChatAsked,
    signal: AbortSignal,
    listener: Listener,
): Promise<void> {
    const response = await ask(keyId, { path: CHAT, body }, signal);
    listener.onBegin(response.headers.get("x-request-id") ?? "");
    await readEvents<Chunk>(response, (chunk) => {
        const text = chunk.choices?.[0]?.delta?.content;
        if (text) {
            listener.onText(text);
        }
    });
}
