import { useId, useState } from "preact/hooks";
import type { Model } from "../../api/types";
import { t } from "../../i18n";

interface ModelChoiceProps {
    models: Model[] | undefined;
    chosen: string[];
    countMax: number;
    onChoose: (chosen: string[]) => void;
    error: string | null;
}

/** All models, or only some: a long list can be searched. */
export function ModelChoice({ models, chosen, countMax, onChoose, error }: ModelChoiceProps) {
    const [search, setSearch] = useState("");
    const searchId = useId();
    const wanted = search.trim().toLowerCase();
    const shown = (models ?? []).filter(({ id }) => id.toLowerCase().includes(wanted));
    const toggle = (id: string) =>
        onChoose(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id]);
    return (
        <fieldset class="min-w-0">
            <legend class="mb-1.5 font-medium">{t("keys.models")}</legend>
            <p class="mb-2 text-sm text-soft">
                {chosen.length === 0
                    ? t("keys.modelsAll")
                    : t("keys.modelsChosen", { n: chosen.length })}
            </p>
            {(models?.length ?? 0) > 8 && (
                <>
                    <label for={searchId} class="sr-only">
                        {t("models.search")}
                    </label>
                    <input
                        id={searchId}
                        type="search"
                        class="control mb-2"
                        placeholder={t("models.search")}
                        value={search}
                        onInput={(event) => setSearch(event.currentTarget.value)}
                    />
                </>
            )}
            <div class="flex h-24 flex-wrap content-start gap-2 overflow-y-auto p-0.5">
                {shown.map(({ id }) => (
                    <label
                        key={id}
                        class="flex cursor-pointer items-center gap-2 rounded-lg border border-line px-3 py-1.5 text-sm has-checked:border-accent has-checked:bg-accent-wash has-checked:text-accent-strong"
                    >
                        <input
                            type="checkbox"
                            class="accent-accent"
                            checked={chosen.includes(id)}
                            disabled={!chosen.includes(id) && chosen.length >= countMax}
                            onChange={() => toggle(id)}
                        />
                        {id}
                    </label>
                ))}
            </div>
            {error && <p class="mt-1.5 text-sm font-medium text-bad">{error}</p>}
        </fieldset>
    );
}
