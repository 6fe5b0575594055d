import { useEffect, useRef, useState } from "preact/hooks";
import { CHAT } from "../../api/chat";
import { NO_SETTINGS } from "../../base/talk";
import { t } from "../../i18n";
import { announce } from "../../state/announce";
import { session } from "../../state/session";
import { Button, IconButton } from "../../ui/button";
import { Empty } from "../../ui/empty";
import { SelectField } from "../../ui/field";
import { Choices, type Chosen } from "./choices";
import { Composer } from "./composer";
import { talks } from "./kept";
import { quoteText, useQuote } from "./quote";
import { askedBy, type Talk, useTalk } from "./talk";
import { TurnView } from "./turn";

const TITLE_CHARACTERS = 60;
const QUOTED_CHARACTERS = 40_000; // of pictures: an estimate of more needs a pass

function sizeOf(pictures: readonly string[]): number {
    return pictures.reduce((sum, picture) => sum + picture.length, 0);
}

export function Chat({ chosen }: { chosen: Chosen }) {
    const { key, model } = chosen;
    const [settings, setSettings] = useState(NO_SETTINGS);
    const [question, setQuestion] = useState("");
    const [pictures, setPictures] = useState<string[]>([]);
    const userId = session.value.state === "user" ? session.value.user.id : "";
    const talk = useTalk(userId, (ending) => announce(t(`playground.${ending}`), false));
    const log = useRef<HTMLDivElement>(null);
    const last = talk.turns.at(-1)?.answer;
    const sold = chosen.models.find(({ id }) => id === model)?.capabilities ?? [];
    const draft = { model, settings, question, pictures };
    const isWritten = model !== "" && question.trim() !== "";
    const isSmall =
        sizeOf([...pictures, ...talk.turns.flatMap((turn) => turn.pictures)]) < QUOTED_CHARACTERS;
    const asked = isWritten && isSmall ? { path: CHAT, body: talk.body(draft) } : null;
    const quote = useQuote(key.id, asked);
    useEffect(
        () => log.current?.scrollTo(0, log.current.scrollHeight),
        [talk.id, last?.text, last?.record],
    );
    return (
        <>
            <Choices chosen={chosen}>
                <Button
                    disabled={talk.isAnswering || !talk.turns.length}
                    onClick={() => talk.open(null)}
                >
                    {t("playground.clear")}
                </Button>
            </Choices>
            <Kept talk={talk} />
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
                {talk.turns.map((turn, place) => (
                    <TurnView key={turn.id} turn={turn} asked={() => askedBy(talk.turns, place)} />
                ))}
            </div>
            <Composer
                settings={settings}
                onSettings={setSettings}
                reasons={sold.includes("reasoning")}
                sees={sold.includes("vision")}
                text={question}
                onText={setQuestion}
                pictures={pictures}
                onPictures={setPictures}
                note={quote ? quoteText(quote) : ""}
                isAnswering={talk.isAnswering}
                canAsk={model !== ""}
                onAsk={() => talk.ask(key.id, draft)}
                onStop={talk.stop}
            />
        </>
    );
}

/** What this browser keeps; nothing where that is only the conversation that is open. */
function Kept({ talk }: { talk: Talk }) {
    const kept = talks.value;
    const isKept = kept.some(({ id }) => id === talk.id);
    if (kept.length === 0) {
        return null;
    }
    const titleOf = (question = "") =>
        question.length > TITLE_CHARACTERS ? question.slice(0, TITLE_CHARACTERS) + "…" : question;
    const choices = kept.map(({ id, turns }) => ({ value: id, text: titleOf(turns[0]?.question) }));
    return (
        <div class="flex items-end gap-2 border-b border-line p-4">
            <SelectField
                class="flex-1"
                label={t("playground.kept")}
                hint={t("playground.keptHint")}
                value={talk.id}
                choices={
                    isKept ? choices : [{ value: talk.id, text: t("playground.clear") }, ...choices]
                }
                disabled={talk.isAnswering}
                onValue={talk.open}
            />
            <div class="shrink-0 self-start pt-7.5">
                <IconButton
                    icon="trash"
                    label={t("playground.removeTalk")}
                    disabled={talk.isAnswering || !isKept}
                    onClick={talk.remove}
                />
            </div>
        </div>
    );
}
