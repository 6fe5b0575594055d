import { useEffect, useRef, useState } from "preact/hooks";
import { CHAT } from "../../api/chat";
import { t } from "../../i18n";
import { announce } from "../../state/announce";
import { Button } from "../../ui/button";
import { Empty } from "../../ui/empty";
import { Choices, type Chosen } from "./choices";
import { Composer } from "./composer";
import { quoteText, useQuote } from "./quote";
import { useTalk } from "./talk";
import { TurnView } from "./turn";

export function Chat({ chosen }: { chosen: Chosen }) {
    const { key, model } = chosen;
    const [system, setSystem] = useState("");
    const [draft, setDraft] = useState("");
    const talk = useTalk((ending) => announce(t(`playground.${ending}`), false));
    const log = useRef<HTMLDivElement>(null);
    const last = talk.turns.at(-1)?.answer;
    const body = { model, messages: talk.messages(system, draft), stream: true };
    const isWritten = model !== "" && draft.trim() !== "";
    const quote = useQuote(key.id, isWritten ? { path: CHAT, body } : null);
    useEffect(() => log.current?.scrollTo(0, log.current.scrollHeight), [last?.text, last?.record]);
    return (
        <>
            <Choices chosen={chosen}>
                <Button disabled={talk.isAnswering || !talk.turns.length} onClick={talk.clear}>
                    {t("playground.clear")}
                </Button>
            </Choices>
            <div
                ref={log}
                role="log"
                aria-label={t("playground.talk")}
                aria-busy={talk.isAnswering}
                tabIndex={0}
                class="flex h-[50vh] min-h-72 flex-col gap-6 overflow-y-auto p-4 sm:p-6"
            >
                {talk.turns.length === 0 && (
                    <div class="m-auto">
                        <Empty icon="playground" title={t("playground.empty")}>
                            {t("playground.emptyText")}
                        </Empty>
                    </div>
                )}
                {talk.turns.map((turn) => (
                    <TurnView key={turn.id} turn={turn} />
                ))}
            </div>
            <Composer
                system={system}
                onSystem={setSystem}
                text={draft}
                onText={setDraft}
                note={quote ? quoteText(quote) : ""}
                isAnswering={talk.isAnswering}
                canAsk={model !== ""}
                onAsk={(question) => talk.ask(key.id, model, system, question)}
                onStop={talk.stop}
            />
        </>
    );
}
