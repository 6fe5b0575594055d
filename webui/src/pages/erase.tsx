// Before the end of an account its address is typed, by its user or by an operator: no slip of the
// hand does it.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { t } from "../i18n";
import { type Action, errorOf } from "../state/action";
import { CheckField, TextField } from "../ui/field";
import { FormDialog } from "../ui/form";

export interface Erasure {
    email: string;
    forfeit: boolean; // the credit that is left
}

interface EraseProps {
    title: string;
    text: string;
    email: string;
    forfeitText: string;
    hasCredit: boolean;
    doing: Action<[Erasure]>;
    fields?: readonly string[]; // of `children`
    onClose: () => void;
    children?: ComponentChildren;
}

export function EraseDialog(props: EraseProps) {
    const { title, text, email, forfeitText, hasCredit, doing, fields = [], onClose } = props;
    const [typed, setTyped] = useState("");
    const [forfeit, setForfeit] = useState(false);
    return (
        <FormDialog
            title={title}
            action={t("data.erase")}
            doing={{ ...doing, run: () => doing.run({ email: typed, forfeit }) }}
            fields={["email", ...fields]}
            isDanger
            onClose={onClose}
        >
            <p>{text}</p>
            <TextField
                label={t("data.typeEmail", { email })}
                autocomplete="off"
                required
                value={typed}
                onValue={setTyped}
                error={errorOf(doing.error, "email")}
            />
            {props.children}
            {(hasCredit || forfeit) && (
                <CheckField label={forfeitText} checked={forfeit} onChecked={setForfeit} />
            )}
        </FormDialog>
    );
}
