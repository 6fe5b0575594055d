// The button that tries one call of a provider, and what came of it.
import { useId, useState } from "preact/hooks";
import { type Provider, type TestCall, testProvider } from "../../api/admin";
import { glance, usd } from "../../base/money";
import { count } from "../../base/number";
import { duration } from "../../base/time";
import { locale, t, textNamed } from "../../i18n";
import { useAction } from "../../state/action";
import { announce } from "../../state/announce";
import { Button } from "../../ui/button";
import { CheckField, SelectField, TextField } from "../../ui/field";
import { Failure } from "../../ui/notice";

const EACH = "each";

/** `name`: of the key; null: it is the only one. */
interface Found {
    result: TestCall;
    name: string | null;
}

interface Props {
    provider: Provider;
    onDone: () => void;
}

export function TestProvider({ provider, onDone }: Props) {
    const names = useId();
    const [model, setModel] = useState("");
    const [key, setKey] = useState("1"); // its place, or EACH
    const [stream, setStream] = useState(false);
    const [found, setFound] = useState<Found[]>([]);
    const test = useAction(async () => {
        setFound([]);
        const asked = { provider: provider.name, model: model.trim() || null, stream };
        for (const place of placesOf(provider.keys, key)) {
            const result = await testProvider({ ...asked, key: place });
            const name = place === null ? null : nameOf(provider.keys, place);
            setFound((before) => [...before, { result, name }]);
            announce(outcomeOf(result));
        }
        onDone();
    });
    return (
        <div class="space-y-3 border-t border-line pt-3">
            <form
                class="flex flex-wrap items-end gap-2"
                onSubmit={(event) => {
                    event.preventDefault();
                    test.run();
                }}
            >
                <TextField
                    class="grow"
                    label={t("providers.testModel")}
                    hideLabel
                    placeholder={t("providers.testModel")}
                    list={names}
                    autocomplete="off"
                    value={model}
                    onValue={setModel}
                />
                <datalist id={names}>
                    {provider.recent.models.map(({ model: name }) => (
                        <option key={name} value={name} />
                    ))}
                </datalist>
                {provider.keys.length > 1 && (
                    <SelectField
                        label={t("providers.testKey")}
                        hideLabel
                        value={key}
                        choices={[
                            ...provider.keys.map((_, index) => ({
                                value: String(index + 1),
                                text: nameOf(provider.keys, index + 1),
                            })),
                            { value: EACH, text: t("providers.testEachKey") },
                        ]}
                        onValue={setKey}
                    />
                )}
                <CheckField
                    label={t("providers.testStream")}
                    checked={stream}
                    onChecked={setStream}
                />
                <Button type="submit" icon="send" busy={test.isBusy}>
                    {t("providers.test")}
                </Button>
            </form>
            <Failure error={test.error} />
            {found.map(({ result, name }) => (
                <Result key={result.id} result={result} name={name} />
            ))}
        </div>
    );
}

/** `null`: the only one. */
function placesOf(keys: string[], chosen: string): (number | null)[] {
    if (keys.length <= 1) {
        return [null];
    }
    return chosen === EACH ? keys.map((_, index) => index + 1) : [Number(chosen)];
}

function nameOf(keys: string[], place: number): string {
    const ending = keys[place - 1];
    return ending
        ? t("providers.testKeyEnding", { n: place, ending })
        : t("providers.testKeyPlace", { n: place });
}

function outcomeOf({ outcome, status }: TestCall): string {
    const text = textNamed(`outcome.${outcome}`) ?? outcome;
    return status === null ? text : `${text} (${status})`;
}

function Result({ result, name }: Found) {
    const { outcome, provider_model, words, total_ms, cost, billed_unseen } = result;
    const facts = [duration(total_ms), glance(usd(cost))];
    if (outcome === "answered") {
        facts.push(
            t("providers.testTokens", {
                read: count(result.input_tokens, locale()),
                written: count(result.output_tokens, locale()),
            }),
        );
    }
    return (
        <div class="text-sm">
            <span class={outcome === "answered" ? "text-good" : "text-bad"}>
                {outcomeOf(result)}
            </span>
            {`, ${facts.join(", ")}, `}
            {name !== null && `${name}, `}
            <span class="break-all">{provider_model}</span>
            {words && <span class="block break-words text-soft">{words}</span>}
            {billed_unseen && <span class="block text-warn">{t("providers.testUnseen")}</span>}
            <span class="block font-mono break-all text-soft">{result.id}</span>
        </div>
    );
}
