import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";
import { announce } from "../state/announce";
import { Button } from "./button";

const SHOWN_MS = 2000;

/** The clipboard; on a page without TLS browsers refuse it, and a selection must do. */
async function copy(text: string): Promise<void> {
    try {
        await navigator.clipboard.writeText(text);
    } catch {
        const focused = document.activeElement;
        const area = document.createElement("textarea");
        const parent = document.querySelector("dialog[open]") ?? document.body;
        area.value = text;
        parent.append(area);
        area.select();
        const done = document.execCommand("copy");
        area.remove();
        if (focused instanceof HTMLElement) {
            focused.focus({ preventScroll: true });
        }
        if (!done) {
            throw new Error("not copied");
        }
    }
}

interface CopyProps {
    text: string | (() => string);
    label: string;
    kind?: "primary" | "secondary" | "quiet";
    onCopied?: (() => void) | undefined;
}

export function CopyButton({ text, label, kind = "secondary", onCopied }: CopyProps) {
    const [isCopied, setCopied] = useState(false);
    useEffect(() => {
        const timer = isCopied ? setTimeout(() => setCopied(false), SHOWN_MS) : 0;
        return () => clearTimeout(timer);
    }, [isCopied]);
    const onClick = () =>
        copy(typeof text === "string" ? text : text()).then(
            () => {
                setCopied(true);
                onCopied?.();
                announce(t("action.copied"));
            },
            () => announce(t("action.notCopied")),
        );
    return (
        <Button kind={kind} size="small" icon={isCopied ? "check" : "copy"} onClick={onClick}>
            {isCopied ? t("action.copied") : label}
        </Button>
    );
}
