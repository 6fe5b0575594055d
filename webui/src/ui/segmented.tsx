// A choice of a few, all in sight.
import { useId } from "preact/hooks";

interface SegmentedProps<Value extends string> {
    label: string;
    choices: readonly { value: Value; text: string }[];
    value: Value;
    onValue: (value: Value) => void;
}

export function Segmented<Value extends string>(props: SegmentedProps<Value>) {
    const name = useId();
    return (
        <fieldset class="inline-flex max-w-full flex-wrap rounded-lg border border-line bg-sunken p-0.5">
            <legend class="sr-only">{props.label}</legend>
            {props.choices.map(({ value, text }) => (
                <label
                    key={value}
                    class="flex min-h-7 cursor-pointer items-center rounded-md px-3 text-sm font-medium text-soft hover:text-ink has-checked:bg-raised has-checked:text-ink has-checked:shadow-card has-focus-visible:outline-2 has-focus-visible:outline-accent"
                >
                    <input
                        type="radio"
                        name={name}
                        class="sr-only"
                        checked={props.value === value}
                        onChange={() => props.onValue(value)}
                    />
                    {text}
                </label>
            ))}
        </fieldset>
    );
}
