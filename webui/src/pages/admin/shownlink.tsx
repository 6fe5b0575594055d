import type { ComponentChildren } from "preact";
import { t } from "../../i18n";
import { Button } from "../../ui/button";
import { CopyButton } from "../../ui/copy";
import { DialogActions } from "../../ui/dialog";

/** A link that is shown this once. */
export function ShownLink({
    url,
    onClose,
    children,
}: {
    url: string | null;
    onClose: () => void;
    children: ComponentChildren;
}) {
    return (
        <div class="flex flex-col gap-4">
            <p>{children}</p>
            {url && (
                <output class="rounded-lg border border-line bg-sunken px-3 py-2 font-mono text-sm break-all select-all">
                    {url}
                </output>
            )}
            <DialogActions>
                {url && <CopyButton text={url} label={t("customers.linkCopy")} kind="primary" />}
                <Button onClick={onClose}>{t("action.done")}</Button>
            </DialogActions>
        </div>
    );
}
