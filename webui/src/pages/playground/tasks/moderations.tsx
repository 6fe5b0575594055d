// What a model says about whether a text is fit to be shown.
import { useState } from "preact/hooks";
import { pathOf } from "../../../base/endpoints";
import { score } from "../../../base/number";
import { t } from "../../../i18n";
import { Badge } from "../../../ui/badge";
import { AreaField } from "../../../ui/field";
import { type Column, Table } from "../../../ui/table";
import { type TaskProps, Trial } from "../trial";

interface Verdict {
    flagged?: boolean; // Mistral's has none
    categories?: Record<string, boolean> | null;
    category_scores?: Record<string, number> | null;
}

interface Category {
    name: string;
    isFlagged: boolean;
    score: number;
}

async function read(response: Response, onValue: (verdict: Verdict) => void): Promise<void> {
    const { results } = (await response.json()) as { results: Verdict[] };
    onValue(results[0] ?? {});
}

/** The likeliest first. */
function categoriesOf(verdict: Verdict): Category[] {
    const categories = verdict.categories ?? {};
    const scores = verdict.category_scores ?? {};
    const names = [...new Set([...Object.keys(categories), ...Object.keys(scores)])];
    return names
        .map((name) => ({
            name,
            isFlagged: categories[name] ?? false,
            score: scores[name] ?? NaN,
        }))
        .sort((a, b) => (b.score || 0) - (a.score || 0));
}

export function Moderations(props: TaskProps) {
    const [input, setInput] = useState("");
    const body = { model: props.model, input };
    const asked = input.trim() === "" ? null : { path: pathOf("moderations"), body };
    return (
        <Trial
            {...props}
            asked={asked}
            read={read}
            show={(verdict) => <Judged verdict={verdict} />}
        >
            <AreaField label={t("playground.text")} value={input} onValue={setInput} />
        </Trial>
    );
}

const COLUMNS = (): Column<Category>[] => [
    {
        id: "name",
        head: t("playground.category"),
        isTitle: true,
        cell: ({ name, isFlagged }) => (
            <span class="inline-flex flex-wrap items-center gap-2">
                <span class="font-mono text-sm">{name}</span>
                {isFlagged && <Badge tone="bad">{t("playground.flagged")}</Badge>}
            </span>
        ),
    },
    {
        id: "score",
        head: t("playground.score"),
        isNumber: true,
        cell: (category) => score(category.score),
    },
];

function Judged({ verdict }: { verdict: Verdict }) {
    const categories = categoriesOf(verdict);
    const isFlagged = verdict.flagged ?? categories.some((each) => each.isFlagged);
    return (
        <div class="flex flex-col gap-3">
            <p>
                <Badge tone={isFlagged ? "bad" : "good"}>
                    {t(isFlagged ? "playground.flagged" : "playground.notFlagged")}
                </Badge>
            </p>
            <div class="-mx-4">
                <Table
                    caption={t("playground.category")}
                    columns={COLUMNS()}
                    rows={categories}
                    rowKey={({ name }) => name}
                />
            </div>
        </div>
    );
}
