import { useState } from "preact/hooks";
import { getModels } from "../api/resources";
import { talks } from "../base/endpoints";
import type { Model } from "../api/types";
import { type Snippet, snippets } from "../base/snippets";
import { t } from "../i18n";
import { useResource } from "../state/resource";
import { clientUrl } from "../state/site";
import { CopyButton } from "./copy";
import { Tabs } from "./tabs";

/** Code as it is: it scrolls instead of breaking its lines. */
export function Code({ text, label }: { text: string; label: string }) {
    return (
        <pre
            tabIndex={0}
            role="region"
            aria-label={label}
            class="max-w-full overflow-x-auto rounded-lg border border-line bg-sunken p-4 font-mono text-[0.8125rem] leading-relaxed"
        >
            <code>{text}</code>
        </pre>
    );
}

const DEMO = "demo"; // answers by itself: the first call works without any provider

/** A model for an example: one that the key may use and that can answer. */
function exampleModel(models: readonly Model[], allowed: readonly string[] | null): string {
    const usable = models.filter(
        (model) => talks(model) && (!allowed || allowed.includes(model.id)),
    );
    const available = usable.filter((model) => model.available);
    const demo = available.find(({ id }) => id === DEMO);
    return (demo ?? available[0] ?? usable[0])?.id ?? allowed?.[0] ?? DEMO;
}

interface FirstCallProps {
    apiKey: string | null; // without one it says where the key goes
    models: string[] | null; // that the key may use; null: all
    onCopied?: () => void;
}

/** A first call in three languages, ready to paste. */
export function FirstCall({ apiKey, models, onCopied }: FirstCallProps) {
    const known = useResource("models", getModels);
    const model = exampleModel(known.data ?? [], models);
    const all = snippets(clientUrl(), apiKey, model);
    const [chosen, choose] = useState("curl");
    const shown = all.find(({ id }) => id === chosen) ?? (all[0] as Snippet);
    return (
        <Tabs
            label={t("code.languages")}
            tabs={all}
            chosen={shown.id}
            onChoose={choose}
            aside={<CopyButton text={shown.code} label={t("action.copy")} onCopied={onCopied} />}
        >
            <Code text={shown.code} label={t("code.label", { language: shown.name })} />
        </Tabs>
    );
}
