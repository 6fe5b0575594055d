// Form fields: a label, the control, a hint below it, and what is wrong with it.
import type { ComponentChildren, JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { toDateInput } from "../base/time";
import { t } from "../i18n";
import { IconButton } from "./button";

interface Frame {
    label: string;
    hint?: ComponentChildren;
    error?: string | null;
    hideLabel?: boolean; // for filters, whose place says it to who can see
    class?: string;
}

type Control = { id: string; "aria-describedby"?: string; "aria-invalid"?: "true" };

/** Ties label, hint and error to the control that `render` makes. */
function Framed({
    frame,
    render,
}: {
    frame: Frame;
    render: (control: Control) => ComponentChildren;
}) {
    const id = useId();
    const described = [frame.hint && `${id}-hint`, frame.error && `${id}-error`].filter(Boolean);
    const control: Control = { id };
    if (described.length > 0) {
        control["aria-describedby"] = described.join(" ");
    }
    if (frame.error) {
        control["aria-invalid"] = "true";
    }
    return (
        <div class={`min-w-0 ${frame.class ?? ""}`}>
            <label for={id} class={frame.hideLabel ? "sr-only" : "mb-1.5 block font-medium"}>
                {frame.label}
            </label>
            {render(control)}
            {frame.hint && (
                <div id={`${id}-hint`} class="mt-1.5 text-sm text-soft">
                    {frame.hint}
                </div>
            )}
            {frame.error && (
                <p id={`${id}-error`} class="mt-1.5 text-sm font-medium text-bad">
                    {frame.error}
                </p>
            )}
        </div>
    );
}

function split<P extends Frame>(props: P): [Frame, Omit<P, keyof Frame>] {
    const { label, hint, error, hideLabel, class: extra, ...rest } = props;
    const frame: Frame = { label };
    Object.assign(frame, { hint, error, hideLabel, class: extra });
    return [frame, rest];
}

type InputProps = Frame &
    Omit<JSX.IntrinsicElements["input"], keyof Frame | "onInput" | "value"> & {
        value: string;
        onValue: (value: string) => void;
    };

export function TextField(props: InputProps) {
    return props.type === "password" ? <SecretField {...props} /> : <PlainField {...props} />;
}

/** A day that is not over yet: the last one of a key, say. */
export function ComingDayField(props: InputProps) {
    return <TextField type="date" min={toDateInput(new Date())} {...props} />;
}

/** What is typed can be looked at, for who is alone. */
function SecretField(props: InputProps) {
    const [isShown, setShown] = useState(false);
    const [frame, { onValue, ...rest }] = split(props);
    return (
        <Framed
            frame={frame}
            render={(control) => (
                <div class="relative">
                    <input
                        {...rest}
                        {...control}
                        type={isShown ? "text" : "password"}
                        spellcheck={false}
                        autocapitalize="none"
                        class="control pr-11"
                        onInput={(event) => onValue(event.currentTarget.value)}
                    />
                    <div class="absolute inset-y-0 right-1 flex items-center">
                        <IconButton
                            icon={isShown ? "eyeOff" : "eye"}
                            label={t("auth.showPassword")}
                            aria-pressed={isShown}
                            onClick={() => setShown(!isShown)}
                        />
                    </div>
                </div>
            )}
        />
    );
}

function PlainField(props: InputProps) {
    const [frame, { onValue, ...rest }] = split(props);
    return (
        <Framed
            frame={frame}
            render={(control) => (
                <input
                    type="text"
                    {...rest}
                    {...control}
                    class="control"
                    onInput={(event) => onValue(event.currentTarget.value)}
                />
            )}
        />
    );
}

/** Whose password it is, for who keeps passwords. Browsers do not read type="hidden". */
export function Username({ value }: { value: string }) {
    return <input type="text" autocomplete="username" value={value} readOnly hidden />;
}

export interface Choice {
    value: string;
    text: string;
}

type SelectProps = Frame & {
    value: string;
    choices: readonly Choice[];
    onValue: (value: string) => void;
    disabled?: boolean;
};

/** Keeps one choice for now and the focus, as buttons do: see `restrained`. */
function onlyOne(choices: readonly Choice[], value: string): readonly Choice[] {
    return choices.filter((choice) => choice.value === value);
}

export function SelectField(props: SelectProps) {
    const [frame, { value, choices, onValue, disabled }] = split(props);
    return (
        <Framed
            frame={frame}
            render={(control) => (
                <select
                    {...control}
                    class="control pr-8"
                    value={value}
                    aria-disabled={disabled ? "true" : undefined}
                    onChange={(event) => onValue(event.currentTarget.value)}
                >
                    {(disabled ? onlyOne(choices, value) : choices).map((choice) => (
                        <option
                            key={choice.value}
                            value={choice.value}
                            selected={choice.value === value}
                        >
                            {choice.text}
                        </option>
                    ))}
                </select>
            )}
        />
    );
}

type AreaProps = Frame & {
    value: string;
    onValue: (value: string) => void;
    rows?: number;
    placeholder?: string;
};

export function AreaField(props: AreaProps) {
    const [frame, { value, onValue, rows = 3, placeholder }] = split(props);
    return (
        <Framed
            frame={frame}
            render={(control) => (
                <textarea
                    {...control}
                    class="control"
                    rows={rows}
                    placeholder={placeholder}
                    value={value}
                    onInput={(event) => onValue(event.currentTarget.value)}
                />
            )}
        />
    );
}

type FileProps = Frame & {
    accept: string;
    multiple?: boolean;
    onFiles: (files: File[]) => void;
};

export function FileField(props: FileProps) {
    const [frame, { accept, multiple, onFiles }] = split(props);
    return (
        <Framed
            frame={frame}
            render={(control) => (
                <input
                    {...control}
                    type="file"
                    accept={accept}
                    multiple={multiple}
                    class="control file:mr-3 file:cursor-pointer file:rounded-md file:border-0 file:bg-sunken file:px-3 file:py-0.5 file:font-medium file:text-ink"
                    onChange={(event) => onFiles([...(event.currentTarget.files ?? [])])}
                />
            )}
        />
    );
}

export function CheckField(props: {
    label: string;
    checked: boolean;
    onChecked: (checked: boolean) => void;
}) {
    return (
        <label class="flex w-fit cursor-pointer items-center gap-2">
            <input
                type="checkbox"
                class="size-4 accent-accent"
                checked={props.checked}
                onChange={(event) => props.onChecked(event.currentTarget.checked)}
            />
            {props.label}
        </label>
    );
}
