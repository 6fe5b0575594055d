// The conversation of the playground: what was asked, what came, and what each answer took.
import { useEffect, useRef, useState } from "preact/hooks";
import { type ChatAsked, streamChat } from "../../api/chat";
import type { RequestDetail } from "../../api/types";
import { bodyOf, type Settings } from "../../base/talk";
import { hurry } from "../../state/pulse";
import { changeTalk, deleteTalk, keepTalks, openTalks, talks } from "./kept";
import { type Ending, recordOf } from "./record";

export interface Answer {
    text: string;
    state: "waiting" | "streaming" | Ending;
    requestId: string | null;
    record: RequestDetail | null; // tokens, cost and time, as they were charged
    error: unknown;
}

export interface Turn {
    id: number;
    model: string;
    settings: Settings;
    question: string;
    pictures: string[]; // data: URLs
    answer: Answer;
}

/** What is asked next. */
export interface Draft {
    model: string;
    settings: Settings;
    question: string;
    pictures: string[];
}

const WAITING: Answer = { text: "", state: "waiting", requestId: null, record: null, error: null };

/** All that was sent with the turn at this place. */
export function askedBy(turns: readonly Turn[], place: number): ChatAsked {
    const { model, settings, question, pictures } = turns[place] as Turn;
    return bodyOf(model, settings, turns.slice(0, place), question, pictures);
}

export interface Talk {
    id: string;
    turns: Turn[];
    isAnswering: boolean;
    ask: (keyId: string, draft: Draft) => void;
    body: (draft: Draft) => ChatAsked; // what `ask` would send
    stop: () => void;
    open: (id: string | null) => void; // null: a new one
    remove: () => void;
}

const newId = () => Date.now().toString(36);

export function useTalk(userId: string, onEnd: (ending: Ending) => void): Talk {
    useState(() => openTalks(userId));
    const [id, setId] = useState(() => talks.peek()[0]?.id ?? newId());
    const control = useRef<AbortController | null>(null);
    useEffect(() => () => control.current?.abort(), []);
    const turns = talks.value.find((talk) => talk.id === id)?.turns ?? [];

    const run = async (turn: Turn, body: ChatAsked, keyId: string) => {
        const change = (change: (answer: Answer) => Partial<Answer>) =>
            changeTalk(id, (before) =>
                before.map((each) =>
                    each.id === turn.id
                        ? { ...each, answer: { ...each.answer, ...change(each.answer) } }
                        : each,
                ),
            );
        const mine = new AbortController();
        let requestId: string | null = null;
        control.current = mine;
        let ending: Ending = "done";
        let failed: unknown = null;
        try {
            await streamChat(keyId, body, mine.signal, {
                onBegin: (begun) => change(() => ({ requestId: (requestId = begun) })),
                onText: (piece) =>
                    change(({ text }) => ({ text: text + piece, state: "streaming" })),
            });
        } catch (error) {
            ending = mine.signal.aborted ? "stopped" : "failed";
            failed = ending === "failed" ? error : null;
        }
        control.current = null;
        change(() => ({ state: ending, error: failed }));
        keepTalks();
        onEnd(ending);
        hurry();
        if (requestId) {
            const record = await recordOf(requestId);
            change(() => ({ record }));
            keepTalks();
        }
    };

    const body: Talk["body"] = ({ model, settings, question, pictures }) =>
        bodyOf(model, settings, turns, question, pictures);
    const ask: Talk["ask"] = (keyId, draft) => {
        const turn: Turn = { ...draft, id: (turns.at(-1)?.id ?? 0) + 1, answer: WAITING };
        const asked = body(draft);
        changeTalk(id, (before) => [...before, turn]);
        keepTalks();
        void run(turn, asked, keyId);
    };
    const last = turns.at(-1)?.answer.state;
    return {
        id,
        turns,
        isAnswering: last === "waiting" || last === "streaming",
        ask,
        body,
        stop: () => control.current?.abort(),
        open: (wanted) => setId(wanted ?? newId()),
        remove: () => {
            deleteTalk(id);
            setId(talks.peek()[0]?.id ?? newId());
        },
    };
}
