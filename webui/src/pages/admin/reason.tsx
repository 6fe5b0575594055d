// Every act of an operator has a reason, which stands in the audit log.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../i18n";
import { type Action, errorOfNone } from "../../state/action";
import { Button } from "../../ui/button";
import { Dialog, DialogActions } from "../../ui/dialog";
import { TextField } from "../../ui/field";
import { Failure } from "../../ui/notice";

const REASON_BYTES_MAX = 500;

interface ReasonDialogProps {
    title: string;
    action: string;
    isDanger?: boolean;
    isShown?: boolean; // to the customer, too
    doing: Action<[reason: string]>;
    onClose: () => void;
    children?: ComponentChildren;
    fields?: readonly string[]; // of `children`: they say themselves what is wrong with them
}

export function ReasonDialog(props: ReasonDialogProps) {
    const {
        title,
        action,
        isDanger = false,
        isShown = false,
        doing,
        onClose,
        children,
        fields = [],
    } = props;
    const [reason, setReason] = useState("");
    const onSubmit = (event: Event) => {
        event.preventDefault();
        doing.run(reason.trim());
    };
    return (
        <Dialog title={title} onClose={onClose}>
            <form class="flex flex-col gap-4" onSubmit={onSubmit}>
                {children}
                <TextField
                    label={t("acts.reason")}
                    hint={t(isShown ? "acts.reasonShown" : "acts.reasonHint")}
                    required
                    autofocus
                    maxLength={REASON_BYTES_MAX}
                    value={reason}
                    onValue={setReason}
                />
                <Failure error={errorOfNone(doing.error, ...fields)} />
                <DialogActions>
                    <Button onClick={onClose}>{t("action.cancel")}</Button>
                    <Button
                        type="submit"
                        kind={isDanger ? "danger" : "primary"}
                        busy={doing.isBusy}
                    >
                        {action}
                    </Button>
                </DialogActions>
            </form>
        </Dialog>
    );
}
