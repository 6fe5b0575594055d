import { CHAT, type ChatAsked } from "../../api/chat";
import { t } from "../../i18n";
import { Markdown } from "../../ui/markdown";
import { Failure } from "../../ui/notice";
import { Bone } from "../../ui/skeleton";
import { Figures } from "./figures";
import type { Turn } from "./talk";

/** A question and its answer. `asked`: all that was sent. */
export function TurnView({ turn, asked }: { turn: Turn; asked: () => ChatAsked }) {
    const { answer } = turn;
    const isWaiting = answer.state === "waiting";
    return (
        <article class="flex flex-col gap-3">
            <div class="flex max-w-[85%] flex-col gap-2 self-end rounded-2xl rounded-br-md bg-accent-wash px-4 py-2.5">
                {turn.pictures.map((picture, place) => (
                    <img
                        key={place}
                        src={picture}
                        alt={t("playground.pictureNumber", { n: place + 1 })}
                        class="max-h-60 max-w-full self-end rounded-lg"
                    />
                ))}
                <p class="whitespace-pre-wrap">{turn.question}</p>
            </div>
            <div class="max-w-[92%] min-w-0 self-start">
                <p class="mb-1 text-sm font-medium text-soft">{turn.model}</p>
                {isWaiting ? (
                    <Bone class="h-4 w-40" />
                ) : (
                    answer.text && (
                        <div class="rounded-2xl rounded-bl-md border border-line bg-raised px-4 py-2.5">
                            <Markdown text={answer.text} />
                        </div>
                    )
                )}
                {answer.error !== null && (
                    <div class="mt-2">
                        <Failure error={answer.error} />
                    </div>
                )}
                <Figures
                    state={answer.state}
                    isKnown={answer.requestId !== null}
                    record={answer.record}
                    asked={() => ({ path: CHAT, body: asked() })}
                />
            </div>
        </article>
    );
}
