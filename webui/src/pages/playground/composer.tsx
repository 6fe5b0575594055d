import { useId, useState } from "preact/hooks";
import { type Settings, settingsFault } from "../../base/talk";
import { t } from "../../i18n";
import { Button } from "../../ui/button";
import { AreaField, FileField, SelectField, TextField } from "../../ui/field";

interface ComposerProps {
    settings: Settings;
    onSettings: (settings: Settings) => void;
    reasons: boolean; // what the model can
    sees: boolean;
    text: string;
    onText: (text: string) => void;
    pictures: readonly string[];
    onPictures: (pictures: string[]) => void;
    note: string; // below the message: what it may cost
    isAnswering: boolean;
    canAsk: boolean;
    onAsk: () => void;
    onStop: () => void;
}

/** Enter sends, Shift and Enter begin a new line; while an answer comes, the button stops it. */
export function Composer(props: ComposerProps) {
    const { text, settings } = props;
    const id = useId();
    const [sent, setSent] = useState(0); // an input of files is emptied by a new one
    const isFit = settingsFault(settings) === "";
    const canSend = props.canAsk && !props.isAnswering && isFit && text.trim() !== "";
    const send = () => {
        if (canSend) {
            props.onAsk();
            props.onText("");
            props.onPictures([]);
            setSent(sent + 1);
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
            <SettingFields {...props} />
            {props.sees && <Pictures key={sent} onPictures={props.onPictures} />}
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

const EFFORTS = ["", "minimal", "low", "medium", "high"];

/** Only what is set is sent: not every model takes every member. */
function SettingFields({ settings, onSettings, reasons }: ComposerProps) {
    const change = (changes: Partial<Settings>) => onSettings({ ...settings, ...changes });
    const fault = settingsFault(settings);
    return (
        <details class="mb-3">
            <summary class="cursor-pointer text-sm font-medium text-soft">
                {t("playground.settings")}
            </summary>
            <div class="mt-3 grid gap-3 sm:grid-cols-3">
                <AreaField
                    class="sm:col-span-full"
                    label={t("playground.system")}
                    rows={2}
                    value={settings.system}
                    onValue={(system) => change({ system })}
                />
                <TextField
                    label={t("playground.longest")}
                    inputMode="numeric"
                    placeholder={t("playground.ownChoice")}
                    error={fault === "longest" ? t("playground.longestFault") : null}
                    value={settings.longest}
                    onValue={(longest) => change({ longest })}
                />
                <TextField
                    label={t("playground.temperature")}
                    inputMode="decimal"
                    placeholder={t("playground.ownChoice")}
                    error={fault === "temperature" ? t("playground.temperatureFault") : null}
                    value={settings.temperature}
                    onValue={(temperature) => change({ temperature })}
                />
                {reasons && (
                    <SelectField
                        label={t("playground.effort")}
                        value={settings.effort}
                        choices={EFFORTS.map((value) => ({
                            value,
                            text: value || t("playground.ownChoice"),
                        }))}
                        onValue={(effort) => change({ effort })}
                    />
                )}
            </div>
        </details>
    );
}

function readPicture(file: File): Promise<string> {
    return new Promise((done, failed) => {
        const reader = new FileReader();
        reader.onload = () => done(reader.result as string);
        reader.onerror = () => failed(reader.error ?? new Error("unreadable"));
        reader.readAsDataURL(file);
    });
}

function Pictures({ onPictures }: { onPictures: (pictures: string[]) => void }) {
    const [fault, setFault] = useState<string | null>(null);
    const onFiles = async (files: File[]) => {
        const pictures = await Promise.all(files.map(readPicture)).catch(() => null);
        setFault(pictures ? null : t("playground.picturesFault"));
        onPictures(pictures ?? []);
    };
    return (
        <FileField
            class="mb-3"
            label={t("playground.pictures")}
            error={fault}
            accept="image/png,image/jpeg,image/webp,image/gif"
            multiple
            onFiles={(files) => void onFiles(files)}
        />
    );
}
