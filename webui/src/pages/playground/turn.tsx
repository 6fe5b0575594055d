import { CHAT } from "../../api/chat";
import { Failure } from "../../ui/notice";
import { Bone } from "../../ui/skeleton";
import { Figures } from "./figures";
import type { Turn } from "./talk";

/** A question and its answer. */
export function TurnView({ turn }: { turn: Turn }) {
    const { answer } = turn;
    const isWaiting = answer.state === "waiting";
    return (
        <article class="flex flex-col gap-3">
            <p class="max-w-[85%] self-end rounded-2xl rounded-br-md bg-accent-wash px-4 py-2.5 whitespace-pre-wrap">
                {turn.question}
            </p>
            <div class="max-w-[92%] self-start">
                <p class="mb-1 text-sm font-medium text-soft">{turn.model}</p>
                {isWaiting ? (
                    <Bone class="h-4 w-40" />
                ) : (
                    answer.text && (
                        <p class="rounded-2xl rounded-bl-md border border-line bg-raised px-4 py-2.5 whitespace-pre-wrap">
                            {answer.text}
                        </p>
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
                    asked={{
                        path: CHAT,
                        body: { model: turn.model, messages: turn.messages, stream: true },
                    }}
                />
            </div>
        </article>
    );
}
