// Pictures from a text, and from pictures and a text.
import { useState } from "preact/hooks";
import { pathOf } from "../../../base/endpoints";
import { pictureType, pictureUrl } from "../../../base/pictures";
import { t } from "../../../i18n";
import { AreaField, CheckField, FileField, SelectField } from "../../../ui/field";
import { Icon } from "../../../ui/icon";
import { type TaskProps, Trial } from "../trial";
import { type Drawn, type Picture, readPictures } from "./picture";

const PARTIALS = 2;
const COUNTS = ["1", "2", "3", "4"].map((value) => ({ value, text: value }));
const SIZES = ["", "auto", "1024x1024", "1536x1024", "1024x1536"];
const QUALITIES = ["", "auto", "low", "medium", "high", "standard", "hd"];

interface Wishes {
    prompt: string;
    n: string;
    size: string; // "": the model's own
    quality: string;
    streams: boolean;
}

const NO_WISHES: Wishes = { prompt: "", n: "1", size: "", quality: "", streams: false };

/** Only what is wished for: not every model takes every member. */
function membersOf(model: string, { prompt, n, size, quality, streams }: Wishes) {
    return {
        model,
        prompt,
        ...(n !== "1" && { n: Number(n) }),
        ...(size && { size }),
        ...(quality && { quality }),
        ...(streams && { stream: true, partial_images: PARTIALS }),
    };
}

function formOf(model: string, wishes: Wishes, files: readonly File[]): FormData {
    const form = new FormData();
    Object.entries(membersOf(model, wishes)).forEach(([name, value]) =>
        form.append(name, String(value)),
    );
    files.forEach((file) => form.append(files.length > 1 ? "image[]" : "image", file));
    return form;
}

interface WishFieldsProps {
    wishes: Wishes;
    onWishes: (wishes: Wishes) => void;
}

function WishFields({ wishes, onWishes }: WishFieldsProps) {
    const change = (changes: Partial<Wishes>) => onWishes({ ...wishes, ...changes });
    const choices = (values: readonly string[]) =>
        values.map((value) => ({ value, text: value || t("playground.ownChoice") }));
    return (
        <>
            <AreaField
                label={t("playground.picture")}
                value={wishes.prompt}
                onValue={(prompt) => change({ prompt })}
            />
            <div class="grid gap-3 sm:grid-cols-3">
                <SelectField
                    label={t("playground.count")}
                    value={wishes.n}
                    choices={COUNTS}
                    onValue={(n) => change({ n })}
                />
                <SelectField
                    label={t("playground.size")}
                    value={wishes.size}
                    choices={choices(SIZES)}
                    onValue={(size) => change({ size })}
                />
                <SelectField
                    label={t("playground.quality")}
                    value={wishes.quality}
                    choices={choices(QUALITIES)}
                    onValue={(quality) => change({ quality })}
                />
            </div>
            <CheckField
                label={t("playground.streamPicture")}
                checked={wishes.streams}
                onChecked={(streams) => change({ streams })}
            />
        </>
    );
}

const show = (drawn: Drawn) => <Pictures {...drawn} />;

export function Images(props: TaskProps) {
    const [wishes, setWishes] = useState(NO_WISHES);
    const body = membersOf(props.model, wishes);
    const asked = wishes.prompt.trim() === "" ? null : { path: pathOf("images"), body };
    return (
        <Trial {...props} asked={asked} read={readPictures} show={show}>
            <WishFields wishes={wishes} onWishes={setWishes} />
        </Trial>
    );
}

export function Edits(props: TaskProps) {
    const [wishes, setWishes] = useState(NO_WISHES);
    const [files, setFiles] = useState<File[]>([]);
    const isWhole = wishes.prompt.trim() !== "" && files.length > 0;
    const body = formOf(props.model, wishes, files);
    const asked = isWhole ? { path: pathOf("edits"), body } : null;
    return (
        <Trial {...props} asked={asked} read={readPictures} show={show}>
            <FileField
                label={t("playground.files")}
                accept="image/png,image/jpeg,image/webp"
                multiple
                onFiles={setFiles}
            />
            <WishFields wishes={wishes} onWishes={setWishes} />
        </Trial>
    );
}

function Pictures({ pictures, partial }: Drawn) {
    return (
        <div class="grid gap-4 sm:grid-cols-2">
            {pictures.map((picture, place) => (
                <Shown key={place} picture={picture} number={place + 1} />
            ))}
            {partial?.b64_json && (
                <img
                    src={pictureUrl(partial.b64_json)}
                    alt={t("playground.partial")}
                    class="w-full rounded-lg border border-line opacity-70"
                />
            )}
        </div>
    );
}

const LINK = "inline-flex items-center gap-2 text-accent underline-offset-2 hover:underline";

/** The page shows no picture of another server: that would tell it who looks at it. */
function Shown({ picture, number }: { picture: Picture; number: number }) {
    const { b64_json: data, url, revised_prompt: revised } = picture;
    const shown = data ? pictureUrl(data) : url?.startsWith("data:image/") ? url : null;
    return (
        <figure class="flex flex-col gap-2">
            {shown && (
                <img
                    src={shown}
                    alt={t("playground.pictureNumber", { n: number })}
                    class="w-full rounded-lg border border-line"
                />
            )}
            <figcaption class="flex flex-col gap-1 text-sm">
                {revised && <span class="text-soft">{revised}</span>}
                {shown && (
                    <a
                        href={shown}
                        download={`picture-${number}.${pictureType(data ?? "")}`}
                        class={LINK}
                    >
                        <Icon name="download" class="size-4.5" />
                        {t("playground.download")}
                    </a>
                )}
                {/^https?:\/\//.test(url ?? "") && (
                    <a href={url} target="_blank" rel="noopener noreferrer" class={LINK}>
                        {t("playground.openPicture", { n: number })}
                    </a>
                )}
            </figcaption>
        </figure>
    );
}
