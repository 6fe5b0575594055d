// One box for whatever an operator has in hand. What is typed may be a key: it stands in no address and
// is remembered nowhere.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { find, type Found, type Hit } from "../../api/admin";
import { sentence } from "../../api/error";
import { t } from "../../i18n";
import { useRested } from "../../state/debounce";
import { focusPage } from "../../state/focus";
import { go } from "../../state/router";
import { Badge } from "../../ui/badge";
import { Glance, Time } from "../../ui/figure";
import { Icon } from "../../ui/icon";

const LEAST = 2; // characters that are looked for without Enter
const ADMIN = "/dashboard/admin";

/** The page that shows it. */
export function pageOf({ kind, id, user_id }: Hit): string {
    const customer = `${ADMIN}/customers/${encodeURIComponent(user_id ?? "")}`;
    switch (kind) {
        case "customer":
            return customer;
        case "key":
            return customer + "?view=keys";
        case "transfer":
            return customer + "?view=transfers";
        case "request":
            return `${ADMIN}/requests/${encodeURIComponent(id)}`;
        case "payment":
            return `${ADMIN}/payments?user_id=${encodeURIComponent(user_id ?? "")}`;
        case "voucher":
            return `${ADMIN}/vouchers`;
    }
}

function isTyping(target: EventTarget | null): boolean {
    const editable = "input, textarea, select, [contenteditable], dialog[open] *";
    return target instanceof Element && target.matches(editable);
}

/** Goes to the box when "/" is pressed outside of a field. */
function useSlash(focus: () => void) {
    useEffect(() => {
        const pressed = (event: KeyboardEvent) => {
            const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
            if (event.key === "/" && isPlain && !isTyping(event.target)) {
                event.preventDefault();
                focus();
            }
        };
        document.addEventListener("keydown", pressed);
        return () => document.removeEventListener("keydown", pressed);
    }, []);
}

interface Outcome {
    text: string; // that was looked for
    found: Found | null;
    error: unknown;
}

/** Looks for what is typed when the typing rests. */
function useHits(typed: string): [Outcome | null, (outcome: Outcome | null) => void] {
    const [outcome, setOutcome] = useState<Outcome | null>(null);
    const text = useRested(typed.trim());
    useEffect(() => {
        const control = new AbortController();
        if (text.length < LEAST) {
            setOutcome(null);
            return;
        }
        const settle = (found: Found | null, error: unknown) => {
            if (!control.signal.aborted) {
                setOutcome({ text, found, error });
            }
        };
        find(text, control.signal).then(
            (found) => settle(found, null),
            (error: unknown) => settle(null, error),
        );
        return () => control.abort();
    }, [text]);
    return [outcome, setOutcome];
}

export function Search() {
    const id = useId();
    const input = useRef<HTMLInputElement>(null);
    const [typed, setTyped] = useState("");
    const [isOpen, setOpen] = useState(false);
    const [active, setActive] = useState(-1);
    const [outcome, setOutcome] = useHits(typed);
    const hits = outcome?.found?.data ?? [];
    const isShown = isOpen && outcome !== null && typed.trim() !== "";
    useSlash(() => input.current?.focus());

    const open = (hit: Hit) => {
        setTyped(""); // who types the same again at once sees the same again
        setOpen(false);
        setActive(-1);
        focusPage();
        go(pageOf(hit));
    };
    const search = async () => {
        const text = typed.trim();
        if (text === "") {
            return;
        }
        try {
            const found =
                outcome?.text === text && outcome.found ? outcome.found : await find(text);
            const [first] = found.data;
            if (found.exact && first) {
                open(first);
                return;
            }
            setOutcome({ text, found, error: null });
        } catch (error) {
            setOutcome({ text, found: null, error });
        }
        setOpen(true);
    };
    const pressed = (event: KeyboardEvent) => {
        const chosen = isShown ? hits[active] : undefined;
        if (event.key === "Enter") {
            event.preventDefault();
            if (chosen) {
                open(chosen);
            } else {
                void search();
            }
        } else if (event.key === "Escape") {
            if (!isShown) {
                setTyped("");
            }
            setOpen(false);
        } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && hits.length > 0) {
            event.preventDefault();
            setOpen(true);
            const step = event.key === "ArrowDown" ? 1 : -1;
            setActive(((active < 0 && step < 0 ? 0 : active) + step + hits.length) % hits.length);
        }
    };
    return (
        <div
            role="search"
            aria-label={t("find.label")}
            class="relative"
            onFocusOut={(event) => {
                if (!event.currentTarget.contains(event.relatedTarget as Node | null)) {
                    setOpen(false);
                }
            }}
        >
            <Icon
                name="search"
                class="pointer-events-none absolute top-1/2 left-3 size-4.5 -translate-y-1/2 text-soft"
            />
            <input
                ref={input}
                type="text"
                role="combobox"
                class="control pl-9.5"
                aria-label={t("find.label")}
                aria-autocomplete="list"
                aria-expanded={isShown && hits.length > 0}
                aria-controls={isShown && hits.length > 0 ? `${id}-hits` : undefined}
                aria-activedescendant={
                    isShown && active >= 0 ? `${id}-hit-${String(active)}` : undefined
                }
                aria-keyshortcuts="/"
                title={t("find.hint")}
                placeholder={t("find.label")}
                autocomplete="off"
                spellcheck={false}
                maxLength={200}
                value={typed}
                onInput={(event) => {
                    setTyped(event.currentTarget.value);
                    setOpen(true);
                    setActive(-1);
                }}
                onFocus={() => setOpen(true)}
                onKeyDown={pressed}
            />
            <p role="status" class="sr-only">
                {isShown && outcome.found && t("find.count", { n: hits.length })}
            </p>
            {isShown && (
                <div class="absolute inset-x-0 top-full z-30 mt-1 rounded-lg border border-line bg-raised p-1 shadow-float">
                    {hits.length > 0 ? (
                        <ul
                            role="listbox"
                            id={`${id}-hits`}
                            aria-label={t("find.label")}
                            class="max-h-[70dvh] overflow-y-auto"
                        >
                            {hits.map((hit, index) => (
                                <li
                                    key={`${hit.kind} ${hit.id}`}
                                    id={`${id}-hit-${String(index)}`}
                                    role="option"
                                    aria-selected={index === active}
                                    class="cursor-pointer rounded-md px-3 py-2 hover:bg-sunken aria-selected:bg-accent-wash"
                                    onMouseDown={(event) => event.preventDefault()}
                                    onClick={() => open(hit)}
                                >
                                    <HitLine {...hit} />
                                </li>
                            ))}
                        </ul>
                    ) : (
                        <p class="px-3 py-2 text-soft">
                            {outcome.error ? sentence(outcome.error) : t("find.none")}
                        </p>
                    )}
                </div>
            )}
        </div>
    );
}

function HitLine({ kind, id, label, amount, at, email, name }: Hit) {
    return (
        <div class="flex flex-wrap items-baseline gap-x-3 gap-y-0.5">
            <Badge>{t(`find.kind.${kind}`)}</Badge>
            <span class="min-w-0 font-medium break-all">{label ?? email ?? id}</span>
            {amount !== null && <Glance amount={amount} />}
            <span class="min-w-0 text-sm break-all text-soft">
                {label === null ? name : email}
                {kind !== "customer" && <span class="ml-2 font-mono">{id}</span>}
            </span>
            {at !== null && kind !== "customer" && (
                <span class="text-sm text-soft">
                    <Time time={at} />
                </span>
            )}
        </div>
    );
}
