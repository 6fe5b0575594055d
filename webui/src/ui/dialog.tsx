// A window above the page: the browser keeps the focus inside, Escape closes it, and the focus goes
// back to where it was.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../i18n";
import { Button, IconButton } from "./button";
import { Failure } from "./notice";

interface DialogProps {
    title: string;
    onClose: () => void;
    children: ComponentChildren;
    isWide?: boolean;
    isKept?: boolean; // Escape only asks to close it: onClose decides
}

/** The browser takes what asks for it, else the first button, which closes the window. */
function focusFirst(dialog: HTMLDialogElement | null): void {
    if (!dialog?.querySelector("[autofocus]")) {
        dialog?.querySelector<HTMLElement>(":is(input, select, textarea):not([hidden])")?.focus();
    }
}

export function Dialog({ title, onClose, children, isWide = false, isKept = false }: DialogProps) {
    const dialog = useRef<HTMLDialogElement>(null);
    const titleId = useId();
    const isHere = useRef(true);
    useEffect(() => {
        const element = dialog.current;
        element?.showModal();
        focusFirst(element);
        return () => {
            isHere.current = false; // closed because it goes: nobody has closed it
            element?.close(); // gives the focus back
        };
    }, []);
    // The browser closes it at the second Escape, whatever is said to its event.
    const onKeyDown = (event: KeyboardEvent) => {
        if (isKept && event.key === "Escape") {
            event.preventDefault();
            onClose();
        }
    };
    const closed = () => {
        if (isKept && isHere.current) {
            dialog.current?.showModal();
        }
        if (isHere.current) {
            onClose();
        }
    };
    return (
        <dialog
            ref={dialog}
            aria-labelledby={titleId}
            onKeyDown={onKeyDown}
            onClose={closed}
            class={`m-auto max-h-[calc(100dvh-2rem)] w-[calc(100%-2rem)] rounded-2xl border border-line bg-raised p-0 shadow-float backdrop:bg-black/45 ${isWide ? "max-w-2xl" : "max-w-lg"}`}
        >
            <header class="flex items-center justify-between gap-4 px-5 pt-4">
                <h2 id={titleId} class="text-lg font-semibold">
                    {title}
                </h2>
                <IconButton icon="close" label={t("action.close")} onClick={onClose} />
            </header>
            <div class="px-5 pt-3 pb-5">{children}</div>
        </dialog>
    );
}

interface ConfirmProps {
    title: string;
    action: string;
    isBusy: boolean;
    error: unknown;
    onConfirm: () => void;
    onClose: () => void;
    children: ComponentChildren;
}

/** Asks before something that cannot be undone. */
export function Confirm({
    title,
    action,
    isBusy,
    error,
    onConfirm,
    onClose,
    children,
}: ConfirmProps) {
    return (
        <Dialog title={title} onClose={onClose}>
            <div class="flex flex-col gap-4">
                {children}
                <Failure error={error} />
                <DialogActions>
                    <Button onClick={onClose}>{t("action.cancel")}</Button>
                    <Button kind="danger" busy={isBusy} onClick={onConfirm}>
                        {action}
                    </Button>
                </DialogActions>
            </div>
        </Dialog>
    );
}

export function DialogActions({ children }: { children: ComponentChildren }) {
    return <div class="flex flex-wrap justify-end gap-2">{children}</div>;
}
