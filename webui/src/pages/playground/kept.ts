// The conversations that this browser keeps for a user, the newest first. They are never sent
// anywhere but with a question, and go when the user signs out here.
import { signal } from "@preact/signals";
import { KEPT_TALKS, read, write } from "../../state/storage";
import type { Turn } from "./talk";

export interface KeptTalk {
    id: string;
    turns: Turn[];
}

const TALKS_MAX = 20;
const CHARACTERS_MAX = 2_000_000; // browsers keep some five million for a site

export const talks = signal<readonly KeptTalk[]>([]);
let owner = "";

/** Whoever left in the middle of an answer finds what had come; errors are not kept. */
function settled(turn: Turn): Turn {
    const isWhole = turn.answer.state === "done";
    return isWhole ? turn : { ...turn, answer: { ...turn.answer, state: "stopped" } };
}

function parse(text: string | null): KeptTalk[] {
    try {
        const found = JSON.parse(text ?? "[]") as KeptTalk[];
        return found.map(({ id, turns }) => ({ id, turns: turns.map(settled) }));
    } catch {
        return [];
    }
}

export function openTalks(userId: string): void {
    const kept = read(KEPT_TALKS + userId);
    if (owner !== userId || kept === null) {
        owner = userId;
        talks.value = parse(kept);
    }
}

function textOf(kept: readonly KeptTalk[]): string {
    const withoutErrors = kept.map(({ id, turns }) => ({
        id,
        turns: turns.map((turn) => ({ ...turn, answer: { ...turn.answer, error: null } })),
    }));
    return JSON.stringify(withoutErrors);
}

function withoutPictures({ id, turns }: KeptTalk): KeptTalk {
    return { id, turns: turns.map((turn) => ({ ...turn, pictures: [] })) };
}

/** What is too much goes: the oldest conversations first, then the pictures of the last one. */
export function keepTalks(): void {
    let kept = talks.peek().slice(0, TALKS_MAX);
    let text = textOf(kept);
    while (text.length > CHARACTERS_MAX && kept.length > 1) {
        kept = kept.slice(0, -1);
        text = textOf(kept);
    }
    if (text.length > CHARACTERS_MAX) {
        text = textOf(kept.map(withoutPictures));
    }
    write(KEPT_TALKS + owner, text);
}

export function changeTalk(id: string, change: (turns: Turn[]) => Turn[]): void {
    const before = talks.peek();
    const talk = before.find((each) => each.id === id) ?? { id, turns: [] };
    const others = before.filter((each) => each.id !== id);
    talks.value = [{ id, turns: change(talk.turns) }, ...others];
}

export function deleteTalk(id: string): void {
    talks.value = talks.peek().filter((each) => each.id !== id);
    keepTalks();
}
