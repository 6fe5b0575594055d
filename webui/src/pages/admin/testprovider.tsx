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
import { TextField } from "../../ui/field";
import { Failure } from "../../ui/notice";

interface Props {
    provider: Provider;
    onDone: () => void;
}

export function TestProvider({ provider, onDone }: Props) {
    const names = useId();
    const [model, setModel] = useState("");
    const [found, setFound] = useState<TestCall | null>(null);
    const test = useAction(async () => {
        setFound(null);
        const result = await testProvider(provider.name, model.trim() || null);
        setFound(result);
        announce(outcomeOf(result));
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
                <Button type="submit" icon="send" busy={test.isBusy}>
                    {t("providers.test")}
                </Button>
            </form>
            <Failure error={test.error} />
            {found && <Result {...found} />}
        </div>
    );
}

function outcomeOf({ outcome, status }: TestCall): string {
    const text = textNamed(`outcome.${outcome}`) ?? outcome;
    return status === null ? text : `${text} (${status})`;
}

function Result(result: TestCall) {
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
            <span class="break-all">{provider_model}</span>
            {words && <span class="block break-words text-soft">{words}</span>}
            {billed_unseen && <span class="block text-warn">{t("providers.testUnseen")}</span>}
            <span class="block font-mono break-all text-soft">{result.id}</span>
        </div>
    );
}
