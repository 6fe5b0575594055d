// A text that goes on, streamed.
import { useState } from "preact/hooks";
import { readEvents } from "../../../api/playground";
import { pathOf } from "../../../base/endpoints";
import { t } from "../../../i18n";
import { AreaField, TextField } from "../../../ui/field";
import { type TaskProps, Trial } from "../trial";

interface Chunk {
    choices?: { text?: string }[];
}

const LONGEST = "256"; // OpenAI would end at 16 tokens

async function read(response: Response, onValue: (text: string) => void): Promise<void> {
    let text = "";
    await readEvents<Chunk>(response, (chunk) => {
        text += chunk.choices?.[0]?.text ?? "";
        onValue(text);
    });
}

export function Completions(props: TaskProps) {
    const [prompt, setPrompt] = useState("");
    const [longest, setLongest] = useState(LONGEST);
    const limit = /^[1-9]\d*$/.test(longest.trim()) ? { max_tokens: Number(longest) } : {};
    const body = { model: props.model, prompt, ...limit, stream: true };
    const asked = prompt === "" ? null : { path: pathOf("completions"), body };
    const show = (text: string) => <p class="whitespace-pre-wrap">{text}</p>;
    return (
        <Trial {...props} asked={asked} read={read} show={show}>
            <AreaField label={t("playground.prompt")} value={prompt} onValue={setPrompt} />
            <TextField
                class="sm:w-64"
                label={t("playground.longest")}
                inputMode="numeric"
                value={longest}
                onValue={setLongest}
            />
        </Trial>
    );
}
