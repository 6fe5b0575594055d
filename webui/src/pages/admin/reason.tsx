// Every act of an operator has a reason, which stands in the audit log.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../i18n";
import { type Action } from "../../state/action";
import { TextField } from "../../ui/field";
import { FormDialog } from "../../ui/form";

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
    return (
        <FormDialog
            title={title}
            action={action}
            doing={{ ...doing, run: () => doing.run(reason.trim()) }}
            fields={fields}
            isDanger={isDanger}
            onClose={onClose}
        >
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
        </FormDialog>
    );
}
