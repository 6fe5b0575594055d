import { useId } from "preact/hooks";
import { t } from "../../i18n";
import { Button } from "../../ui/button";

interface ComposerProps {
    system: string;
    onSystem: (text: string) => void;
    text: string;
    onText: (text: string) => void;
    note: string; // below the message: what it may cost
    isAnswering: boolean;
    canAsk: boolean;
    onAsk: (question: string) => void;
    onStop: () => void;
}

/** Enter sends, Shift and Enter begin a new line; while an answer comes, the button stops it. */
export function Composer(props: ComposerProps) {
    const { text } = props;
    const id = useId();
    const canSend = props.canAsk && !props.isAnswering && text.trim() !== "";
    const send = () => {
        if (canSend) {
            props.onAsk(text);
            props.onText("");
        }
    };
    const onKeyDown = (event: KeyboardEvent) => {
        // While a syllable is being composed (한글), Enter ends the syllable.
        if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
            event.preventDefault();
            send();
        }
    };
    const onSubmit = (event: Event) => {
        event.preventDefault();
        send();
    };
    // By the end of this click the same element is the one that sends.
    const onStop = (event: Event) => {
        event.preventDefault();
        props.onStop();
    };
    return (
        <form class="border-t border-line p-4" onSubmit={onSubmit}>
            <details class="mb-3">
                <summary class="cursor-pointer text-sm font-medium text-soft">
                    {t("playground.system")}
                </summary>
                <label for={`${id}-system`} class="sr-only">
                    {t("playground.system")}
                </label>
                <textarea
                    id={`${id}-system`}
                    class="control mt-2"
                    rows={2}
                    value={props.system}
                    onInput={(event) => props.onSystem(event.currentTarget.value)}
                />
            </details>
            <label for={id} class="sr-only">
                {t("playground.message")}
            </label>
            <div class="flex items-end gap-2">
                <textarea
                    id={id}
                    class="control min-h-10 resize-none"
                    rows={2}
                    placeholder={t("playground.placeholder")}
                    value={text}
                    aria-describedby={`${id}-note`}
                    onInput={(event) => props.onText(event.currentTarget.value)}
                    onKeyDown={onKeyDown}
                />
                {props.isAnswering ? (
                    <Button kind="danger" icon="stop" onClick={onStop}>
                        {t("playground.stop")}
                    </Button>
                ) : (
                    <Button type="submit" kind="primary" icon="send" disabled={!canSend}>
                        {t("playground.send")}
                    </Button>
                )}
            </div>
            <p id={`${id}-note`} class="mt-2 min-h-5 text-sm text-soft">
                {props.note}
            </p>
        </form>
    );
}
