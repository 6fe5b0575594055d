// Documents in the order in which they answer a question.
import { useState } from "preact/hooks";
import { pathOf } from "../../../base/endpoints";
import { score } from "../../../base/number";
import { t } from "../../../i18n";
import { AreaField, TextField } from "../../../ui/field";
import { type TaskProps, Trial } from "../trial";

interface Ranked {
    index: number; // of the document that was sent
    relevance_score?: number | null;
}

async function read(response: Response, onValue: (ranked: Ranked[]) => void): Promise<void> {
    onValue(((await response.json()) as { results: Ranked[] }).results);
}

export function Rerank(props: TaskProps) {
    const [query, setQuery] = useState("");
    const [text, setText] = useState("");
    const [sent, setSent] = useState<string[]>([]); // the texts may change while the answer comes
    const documents = text.split("\n").filter((line) => line.trim() !== "");
    const isWhole = query.trim() !== "" && documents.length > 0;
    const body = { model: props.model, query, documents };
    const asked = isWhole ? { path: pathOf("rerank"), body } : null;
    const take = async (response: Response, onValue: (ranked: Ranked[]) => void) => {
        setSent(documents);
        await read(response, onValue);
    };
    const show = (ranked: Ranked[]) => (
        <ol class="flex flex-col gap-2" aria-label={t("playground.ranked")}>
            {ranked.map(({ index, relevance_score }, place) => (
                <li key={index} class="flex items-baseline gap-3">
                    <span class="figures shrink-0 text-soft">{place + 1}.</span>
                    <span class="min-w-0 grow">{sent[index] ?? ""}</span>
                    <span class="figures shrink-0">{score(relevance_score)}</span>
                </li>
            ))}
        </ol>
    );
    return (
        <Trial {...props} asked={asked} read={take} show={show}>
            <TextField label={t("playground.query")} value={query} onValue={setQuery} />
            <AreaField
                label={t("playground.documents")}
                hint={t("playground.documentsHint")}
                rows={5}
                value={text}
                onValue={setText}
            />
        </Trial>
    );
}
