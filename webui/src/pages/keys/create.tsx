// Making a key: a form, then the key itself, which is shown this once.
import { useState } from "preact/hooks";
import { createKey } from "../../api/resources";
import type { Key } from "../../api/types";
import { t } from "../../i18n";
import { Button } from "../../ui/button";
import { FirstCall } from "../../ui/code";
import { CopyButton } from "../../ui/copy";
import { Dialog, DialogActions } from "../../ui/dialog";
import { Notice } from "../../ui/notice";
import { KeyForm, newKey } from "./form";

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
            <KeyForm
                action={t("keys.create")}
                onClose={onClose}
                onSave={async (typed) => {
                    setMade(await createKey(newKey(typed)));
                    onMade();
                }}
            />
        </Dialog>
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
