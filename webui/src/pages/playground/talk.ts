// The conversation of the playground: what was asked, what came, and what each answer took.
import { useEffect, useRef, useState } from "preact/hooks";
import { type Message, streamChat } from "../../api/chat";
import type { RequestDetail } from "../../api/types";
import { hurry } from "../../state/pulse";
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
    question: string;
    messages: Message[]; // all that was sent
    answer: Answer;
}

const WAITING: Answer = { text: "", state: "waiting", requestId: null, record: null, error: null };
/** What is sent: the system's message, what was said so far, and the question. */
function messagesOf(system: string, turns: readonly Turn[], question: string): Message[] {
    const said = turns.flatMap<Message>(({ question: asked, answer }) =>
        answer.text
            ? [
                  { role: "user", content: asked },
                  { role: "assistant", content: answer.text },
              ]
            : [],
    );
    const first: Message[] = system.trim() ? [{ role: "system", content: system }] : [];
    return [...first, ...said, { role: "user", content: question }];
}

export interface Talk {
    turns: Turn[];
    isAnswering: boolean;
    ask: (keyId: string, model: string, system: string, question: string) => void;
    messages: (system: string, question: string) => Message[]; // what `ask` would send
    stop: () => void;
    clear: () => void;
}

export function useTalk(onEnd: (ending: Ending) => void): Talk {
    const [turns, setTurns] = useState<Turn[]>([]);
    const control = useRef<AbortController | null>(null);
    const count = useRef(0);
    useEffect(() => () => control.current?.abort(), []);

    const change = (id: number, change: (answer: Answer) => Partial<Answer>) =>
        setTurns((before) =>
            before.map((turn) =>
                turn.id === id
                    ? { ...turn, answer: { ...turn.answer, ...change(turn.answer) } }
                    : turn,
            ),
        );

    const run = async (turn: Turn, keyId: string) => {
        const mine = new AbortController();
        let requestId: string | null = null;
        control.current = mine;
        let ending: Ending = "done";
        let failed: unknown = null;
        try {
            await streamChat(
                keyId,
                { model: turn.model, messages: turn.messages, stream: true },
                mine.signal,
                {
                    onBegin: (id) => change(turn.id, () => ({ requestId: (requestId = id) })),
                    onText: (piece) =>
                        change(turn.id, ({ text }) => ({ text: text + piece, state: "streaming" })),
                },
            );
        } catch (error) {
            ending = mine.signal.aborted ? "stopped" : "failed";
            failed = ending === "failed" ? error : null;
        }
        control.current = null;
        change(turn.id, () => ({ state: ending, error: failed }));
        onEnd(ending);
        hurry();
        if (requestId) {
            const record = await recordOf(requestId);
            change(turn.id, () => ({ record }));
        }
    };

    const ask: Talk["ask"] = (keyId, model, system, question) => {
        const messages = messagesOf(system, turns, question);
        const turn: Turn = { id: ++count.current, model, question, messages, answer: WAITING };
        setTurns([...turns, turn]);
        void run(turn, keyId);
    };
    const last = turns.at(-1)?.answer.state;
    return {
        turns,
        isAnswering: last === "waiting" || last === "streaming",
        ask,
        messages: (system, question) => messagesOf(system, turns, question),
        stop: () => control.current?.abort(),
        clear: () => setTurns([]),
    };
}
