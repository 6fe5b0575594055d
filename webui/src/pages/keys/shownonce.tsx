// A key that is shown this once. Who goes without having copied it is asked.
import { useState } from "preact/hooks";
import type { Made } from "../../api/resources";
import { t } from "../../i18n";
import { Button } from "../../ui/button";
import { FirstCall } from "../../ui/code";
import { CopyButton } from "../../ui/copy";
import { Dialog, DialogActions } from "../../ui/dialog";
import { Notice } from "../../ui/notice";

export function ShownOnce({ made, onClose }: { made: Made; onClose: () => void }) {
    const [isCopied, setCopied] = useState(false);
    const [isAsked, setAsked] = useState(false);
    const copied = () => {
        setCopied(true);
        setAsked(false);
    };
    const leave = () => (isCopied ? onClose() : setAsked(true));
    return (
        <Dialog key="made" title={t("keys.madeTitle")} onClose={leave} isKept={!isCopied} isWide>
            <div class="flex flex-col gap-5" onCopy={copied}>
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
                        <CopyButton
                            text={made.key}
                            label={t("keys.copy")}
                            kind="primary"
                            onCopied={copied}
                        />
                    </div>
                </div>
                <div>
                    <p class="mb-2 font-medium">{t("keys.firstCall")}</p>
                    <FirstCall apiKey={made.key} models={made.data.models} onCopied={copied} />
                </div>
                {isAsked && (
                    <Notice tone="bad" isAlert>
                        <p>{t("keys.notCopied")}</p>
                        <Button size="small" kind="danger" class="mt-2" onClick={onClose}>
                            {t("keys.leaveAnyway")}
                        </Button>
                    </Notice>
                )}
                <DialogActions>
                    <Button onClick={leave}>{t("action.done")}</Button>
                </DialogActions>
            </div>
        </Dialog>
    );
}
