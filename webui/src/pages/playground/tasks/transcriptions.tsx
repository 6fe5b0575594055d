// A recording as text, in its own language or in English.
import { useState } from "preact/hooks";
import { isStream, readEvents } from "../../../api/playground";
import { pathOf } from "../../../base/endpoints";
import { t } from "../../../i18n";
import { CopyButton } from "../../../ui/copy";
import { CheckField, FileField, TextField } from "../../../ui/field";
import { type TaskProps, Trial } from "../trial";

interface Heard {
    type?: string;
    delta?: string;
    text?: string;
}

async function read(response: Response, onValue: (text: string) => void): Promise<void> {
    let text = "";
    if (!isStream(response)) {
        onValue(((await response.json()) as Heard).text ?? "");
        return;
    }
    await readEvents<Heard>(response, (event) => {
        text =
            event.type === "transcript.text.done"
                ? (event.text ?? text)
                : text + (event.delta ?? "");
        onValue(text);
    });
}

/** Fields first: then a large recording passes the gateway without being held there. */
function formOf(model: string, fields: Record<string, string>, file: File): FormData {
    const form = new FormData();
    form.append("model", model);
    Object.entries(fields)
        .filter(([, value]) => value !== "")
        .forEach(([name, value]) => form.append(name, value));
    form.append("file", file);
    return form;
}

function Listening({ task, ...props }: TaskProps & { task: "transcriptions" | "translations" }) {
    const [file, setFile] = useState<File | null>(null);
    const [prompt, setPrompt] = useState("");
    const [streams, setStreams] = useState(false);
    const fields = { prompt: prompt.trim(), stream: streams ? "true" : "" };
    const asked = file && { path: pathOf(task), body: formOf(props.model, fields, file) };
    const show = (text: string, isRunning: boolean) => (
        <div class="flex flex-col items-start gap-3">
            <p class="whitespace-pre-wrap">{text}</p>
            {!isRunning && <CopyButton text={text} label={t("action.copy")} />}
        </div>
    );
    return (
        <Trial {...props} asked={asked} read={read} show={show}>
            <FileField
                label={t("playground.recording")}
                accept="audio/*,video/*"
                onFiles={(files) => setFile(files[0] ?? null)}
            />
            <TextField
                label={t("playground.heardPrompt")}
                hint={t("playground.heardPromptHint")}
                value={prompt}
                onValue={setPrompt}
            />
            <CheckField
                label={t("playground.streamText")}
                checked={streams}
                onChecked={setStreams}
            />
        </Trial>
    );
}

export const Transcriptions = (props: TaskProps) => <Listening {...props} task="transcriptions" />;
export const Translations = (props: TaskProps) => <Listening {...props} task="translations" />;
