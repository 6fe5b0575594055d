// Forms: fields in a column, sent by Enter as well as by the button.
import type { ComponentChildren } from "preact";
import { t } from "../i18n";
import { type Action, errorOfNone } from "../state/action";
import { Button } from "./button";
import { Dialog, DialogActions } from "./dialog";
import { Failure } from "./notice";

interface FormProps {
    onSend: () => void;
    class?: string;
    children: ComponentChildren;
}

export function Form({ onSend, class: extra = "", children }: FormProps) {
    const onSubmit = (event: Event) => {
        event.preventDefault();
        onSend();
    };
    return (
        <form class={`flex flex-col gap-4 ${extra}`} onSubmit={onSubmit}>
            {children}
        </form>
    );
}

interface FormDialogProps {
    title: string;
    action: string; // the words of the button that sends it
    doing: Action<[]>;
    fields: readonly string[]; // of `children`: they say themselves what is wrong with them
    isDanger?: boolean;
    isOff?: boolean; // nothing to send yet
    onClose: () => void;
    children: ComponentChildren;
}

/** A window with a form, to be sent or left. */
export function FormDialog(props: FormDialogProps) {
    const { title, action, doing, fields, isDanger = false, isOff = false, onClose } = props;
    return (
        <Dialog title={title} onClose={onClose}>
            <Form onSend={doing.run}>
                {props.children}
                <Failure error={errorOfNone(doing.error, ...fields)} />
                <DialogActions>
                    <Button onClick={onClose}>{t("action.cancel")}</Button>
                    <Button
                        type="submit"
                        kind={isDanger ? "danger" : "primary"}
                        busy={doing.isBusy}
                        disabled={isOff}
                    >
                        {action}
                    </Button>
                </DialogActions>
            </Form>
        </Dialog>
    );
}
