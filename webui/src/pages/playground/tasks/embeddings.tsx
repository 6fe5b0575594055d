// Texts as vectors, and how alike they are.
import { useState } from "preact/hooks";
import { pathOf } from "../../../base/endpoints";
import { score } from "../../../base/number";
import { type Pair, pairs, vectorOf } from "../../../base/vectors";
import { t } from "../../../i18n";
import { Button, IconButton } from "../../../ui/button";
import { AreaField } from "../../../ui/field";
import { Count } from "../../../ui/figure";
import { type Column, Table } from "../../../ui/table";
import { type TaskProps, Trial } from "../trial";

interface Answer {
    data: { embedding?: unknown }[];
}

type Vector = readonly number[];

const TEXTS_MAX = 8;
const SHOWN = 4; // numbers of a vector

async function read(response: Response, onValue: (vectors: Vector[]) => void): Promise<void> {
    const { data } = (await response.json()) as Answer;
    onValue(data.map(({ embedding }) => vectorOf(embedding)));
}

export function Embeddings(props: TaskProps) {
    const [texts, setTexts] = useState(["", ""]);
    const input = texts.filter((text) => text.trim() !== "");
    const body = { model: props.model, input, encoding_format: "float" };
    const asked = input.length === 0 ? null : { path: pathOf("embeddings"), body };
    const change = (place: number, text: string) =>
        setTexts(texts.map((old, at) => (at === place ? text : old)));
    return (
        <Trial
            {...props}
            asked={asked}
            read={read}
            show={(vectors) => <Vectors vectors={vectors} />}
        >
            {texts.map((text, place) => (
                <div key={place} class="flex items-end gap-2">
                    <AreaField
                        class="grow"
                        label={t("playground.textNumber", { n: place + 1 })}
                        rows={2}
                        value={text}
                        onValue={(changed) => change(place, changed)}
                    />
                    {texts.length > 1 && (
                        <IconButton
                            icon="trash"
                            label={t("playground.removeText", { n: place + 1 })}
                            onClick={() => setTexts(texts.filter((_, at) => at !== place))}
                        />
                    )}
                </div>
            ))}
            <Button
                class="self-start"
                size="small"
                icon="plus"
                disabled={texts.length >= TEXTS_MAX}
                onClick={() => setTexts([...texts, ""])}
            >
                {t("playground.addText")}
            </Button>
        </Trial>
    );
}

const VECTOR_COLUMNS = (): Column<{ vector: Vector; place: number }>[] => [
    { id: "text", head: t("playground.text"), isTitle: true, cell: ({ place }) => place + 1 },
    {
        id: "dimensions",
        head: t("playground.dimensions"),
        isNumber: true,
        cell: ({ vector }) => <Count value={vector.length} />,
    },
    {
        id: "begins",
        head: t("playground.begins"),
        cell: ({ vector }) => (
            <span class="figures font-mono text-sm">
                {vector.slice(0, SHOWN).map(score).join(", ")}
                {vector.length > SHOWN && ", …"}
            </span>
        ),
    },
];

const PAIR_COLUMNS = (): Column<Pair>[] => [
    {
        id: "texts",
        head: t("playground.texts"),
        isTitle: true,
        cell: ({ first, second }) => t("playground.pair", { a: first + 1, b: second + 1 }),
    },
    {
        id: "similarity",
        head: t("playground.similarity"),
        isNumber: true,
        cell: ({ similarity }) => score(similarity),
    },
];

function Vectors({ vectors }: { vectors: Vector[] }) {
    const rows = vectors.map((vector, place) => ({ vector, place }));
    return (
        <div class="-mx-4 flex flex-col gap-4">
            <Table
                caption={t("playground.vectors")}
                columns={VECTOR_COLUMNS()}
                rows={rows}
                rowKey={({ place }) => String(place)}
            />
            {vectors.length > 1 && (
                <Table
                    caption={t("playground.similarity")}
                    columns={PAIR_COLUMNS()}
                    rows={pairs(vectors)}
                    rowKey={({ first, second }) => `${first} ${second}`}
                />
            )}
        </div>
    );
}
