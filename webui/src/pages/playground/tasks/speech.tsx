// A text that is spoken.
import { useEffect, useState } from "preact/hooks";
import { pathOf } from "../../../base/endpoints";
import { t } from "../../../i18n";
import { Icon } from "../../../ui/icon";
import { AreaField, SelectField, TextField } from "../../../ui/field";
import { type TaskProps, Trial } from "../trial";

const VOICE = "alloy";
/** What browsers play. */
const FORMATS = ["mp3", "wav", "opus", "aac", "flac"].map((value) => ({ value, text: value }));

const read = async (response: Response, onValue: (sound: Blob) => void) =>
    onValue(await response.blob());

export function Speech(props: TaskProps) {
    const [input, setInput] = useState("");
    const [voice, setVoice] = useState(VOICE);
    const [format, setFormat] = useState("mp3");
    const isWhole = input.trim() !== "" && voice.trim() !== "";
    const body = { model: props.model, input, voice: voice.trim(), response_format: format };
    const asked = isWhole ? { path: pathOf("speech"), body } : null;
    return (
        <Trial
            {...props}
            asked={asked}
            read={read}
            show={(sound) => <Sound sound={sound} name={`speech.${format}`} />}
        >
            <AreaField label={t("playground.text")} value={input} onValue={setInput} />
            <div class="grid gap-3 sm:grid-cols-2">
                <TextField
                    label={t("playground.voice")}
                    hint={t("playground.voiceHint")}
                    value={voice}
                    onValue={setVoice}
                />
                <SelectField
                    label={t("playground.format")}
                    value={format}
                    choices={FORMATS}
                    onValue={setFormat}
                />
            </div>
        </Trial>
    );
}

/** The browser holds the bytes until this goes away. */
function Sound({ sound, name }: { sound: Blob; name: string }) {
    const [url, setUrl] = useState<string | null>(null);
    const [first] = useState(name); // the format may be chosen anew
    useEffect(() => {
        const made = URL.createObjectURL(sound);
        setUrl(made);
        return () => URL.revokeObjectURL(made);
    }, [sound]);
    if (!url) {
        return null;
    }
    return (
        <div class="flex flex-wrap items-center gap-4">
            <audio controls src={url} aria-label={t("playground.sound")} class="max-w-full" />
            <a
                href={url}
                download={first}
                class="inline-flex items-center gap-2 text-accent underline-offset-2 hover:underline"
            >
                <Icon name="download" class="size-4.5" />
                {t("playground.download")}
            </a>
        </div>
    );
}
