// Making a key: a form, then the key itself, which is shown this once.
import { useState } from "preact/hooks";
import { createKey, getModels, type NewKey } from "../../api/resources";
import type { Key } from "../../api/types";
import { plain, typedUsd } from "../../base/money";
import { chosenWindow } from "../../base/days";
import { fromDateInput, toDateInput } from "../../base/time";
import { t } from "../../i18n";
import { errorOf, errorOfNone, useAction } from "../../state/action";
import { useResource } from "../../state/resource";
import { site } from "../../state/site";
import { Button } from "../../ui/button";
import { FirstCall } from "../../ui/code";
import { CopyButton } from "../../ui/copy";
import { Dialog, DialogActions } from "../../ui/dialog";
import { TextField } from "../../ui/field";
import { Failure, Notice } from "../../ui/notice";
import { ModelChoice } from "./modelchoice";

interface CreateKeyProps {
    onMade: () => void;
    onClose: () => void;
}

interface Made {
    key: string;
    data: Key;
}

export function CreateKey({ onMade, onClose }: CreateKeyProps) {
    const [made, setMade] = useState<Made | null>(null);
    if (made) {
        return (
            <Dialog key="made" title={t("keys.madeTitle")} onClose={onClose} isWide>
                <ShownOnce made={made} onClose={onClose} />
            </Dialog>
        );
    }
    return (
        <Dialog key="form" title={t("keys.create")} onClose={onClose}>
            <Form
                onClose={onClose}
                onMade={(answer) => {
                    setMade(answer);
                    onMade();
                }}
            />
        </Dialog>
    );
}

interface Typed {
    name: string;
    expires: string;
    budget: string;
    models: string[];
}

/** The body of the call; what was left empty is left out. The last day is a whole one. */
function bodyOf(typed: Typed): NewKey {
    const body: NewKey = { name: typed.name.trim() };
    const last = fromDateInput(typed.expires);
    const budget = typedUsd(typed.budget);
    if (last) {
        body.expires_at = (chosenWindow(last, last).to ?? last).toISOString();
    }
    if (typed.budget.trim()) {
        body.budget = budget === null ? typed.budget : plain(budget);
    }
    if (typed.models.length > 0) {
        body.models = typed.models;
    }
    return body;
}

const FIELDS = ["name", "expires_at", "budget", "models"];

function Form({ onMade, onClose }: { onMade: (made: Made) => void; onClose: () => void }) {
    const [typed, setTyped] = useState<Typed>({ name: "", expires: "", budget: "", models: [] });
    const set = (change: Partial<Typed>) => setTyped((before) => ({ ...before, ...change }));
    const models = useResource("models", getModels);
    const { run, isBusy, error } = useAction(async () => onMade(await createKey(bodyOf(typed))));
    const onSubmit = (event: Event) => {
        event.preventDefault();
        run();
    };
    return (
        <form class="flex flex-col gap-4" onSubmit={onSubmit}>
            <TextField
                label={t("keys.name")}
                hint={t("keys.nameHint")}
                required
                autofocus
                maxLength={site.value?.limits.name_bytes_max}
                value={typed.name}
                onValue={(name) => set({ name })}
                error={errorOf(error, "name")}
            />
            <div class="grid gap-4 sm:grid-cols-2">
                <TextField
                    label={t("keys.budget")}
                    hint={t("keys.budgetHint")}
                    inputMode="decimal"
                    placeholder="$"
                    value={typed.budget}
                    onValue={(budget) => set({ budget })}
                    error={errorOf(error, "budget")}
                />
                <TextField
                    label={t("keys.expires")}
                    hint={t("keys.expiresHint")}
                    type="date"
                    min={toDateInput(new Date())}
                    value={typed.expires}
                    onValue={(expires) => set({ expires })}
                    error={errorOf(error, "expires_at")}
                />
            </div>
            <ModelChoice
                models={models.data}
                chosen={typed.models}
                countMax={site.value?.limits.key_models_max ?? 0}
                onChoose={(chosen) => set({ models: chosen })}
                error={errorOf(error, "models")}
            />
            <Failure error={errorOfNone(error, ...FIELDS)} />
            <DialogActions>
                <Button onClick={onClose}>{t("action.cancel")}</Button>
                <Button type="submit" kind="primary" busy={isBusy}>
                    {t("keys.create")}
                </Button>
            </DialogActions>
        </form>
    );
}

function ShownOnce({ made, onClose }: { made: Made; onClose: () => void }) {
    return (
        <div class="flex flex-col gap-5">
            <Notice tone="warn">{t("keys.shownOnce")}</Notice>
            <div>
                <p class="mb-1.5 font-medium" id="new-key">
                    {made.data.name}
                </p>
                <div class="flex flex-wrap items-center gap-2">
                    <output
                        aria-labelledby="new-key"
                        class="min-w-0 flex-1 rounded-lg border border-line bg-sunken px-3 py-2 font-mono text-sm break-all select-all"
                    >
                        {made.key}
                    </output>
                    <CopyButton text={made.key} label={t("keys.copy")} kind="primary" />
                </div>
            </div>
            <div>
                <p class="mb-2 font-medium">{t("keys.firstCall")}</p>
                <FirstCall apiKey={made.key} models={made.data.models} />
            </div>
            <DialogActions>
                <Button onClick={onClose}>{t("action.done")}</Button>
            </DialogActions>
        </div>
    );
}
