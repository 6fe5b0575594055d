import { useEffect, useState } from "preact/hooks";
import { actionOn } from "../base/names";
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
    name?: string; // what is copied, in a list where every row has such a button
    kind?: "primary" | "secondary" | "quiet";
    onCopied?: (() => void) | undefined;
}

export function CopyButton({ text, label, name, kind = "secondary", onCopied }: CopyProps) {
    const [isCopied, setCopied] = useState(false);
    useEffect(() => {
        const timer = isCopied ? setTimeout(() => setCopied(false), SHOWN_MS) : 0;
        return () => clearTimeout(timer);
    }, [isCopied]);
    const shown = isCopied ? t("action.copied") : label;
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
        <Button
            kind={kind}
            size="small"
            icon={isCopied ? "check" : "copy"}
            aria-label={name && actionOn(shown, name)}
            onClick={onClick}
        >
            {shown}
        </Button>
    );
}
