import { getSummary } from "../../api/resources";
import { PERIODS, typedDays } from "../../base/days";
import { toDateInput } from "../../base/time";
import { t } from "../../i18n";
import { useResource } from "../../state/resource";
import { setQuery } from "../../state/router";
import { type Choice, SelectField } from "../../ui/field";
import { PeriodDays } from "../../ui/perioddays";
import { type Filter, windowOf } from "./filter";

/** What is chosen must be among the choices, though nothing was used of it in the chosen time. */
function withChosen(choices: Choice[], chosen: string): Choice[] {
    const isThere = chosen === "" || choices.some(({ value }) => value === chosen);
    return isThere ? choices : [...choices, { value: chosen, text: chosen }];
}

/** Models and keys of which there is any use in the chosen time: also deleted ones. */
function useChoices(filter: Filter, now: number) {
    const { from, to } = windowOf(filter, now);
    const window = { from: toDateInput(from), to: to && toDateInput(to) };
    const used = useResource(
        `usage choices ${JSON.stringify(window)}`,
        (signal) => getSummary({ ...window, by: "model,key" }, signal),
        { keep: true },
    );
    const models = new Map<string, string>();
    const keys = new Map<string, string>();
    for (const { model, key_id, key_name } of used.data?.data ?? []) {
        models.set(model ?? "", model ?? "");
        if (key_id) {
            keys.set(key_id, key_name ?? key_id);
        }
    }
    const choices = (map: Map<string, string>) =>
        [...map].map(([value, text]) => ({ value, text })).sort(byText);
    return { models: choices(models), keys: choices(keys) };
}

function byText(a: Choice, b: Choice): number {
    return a.text.localeCompare(b.text);
}

export function Filters({ filter, now }: { filter: Filter; now: number }) {
    const { models, keys } = useChoices(filter, now);
    const periods = [...PERIODS, "custom" as const].map((value) => ({
        value,
        text: t(`period.${value}`),
    }));
    return (
        <form
            class="grid grid-cols-2 gap-3 sm:grid-cols-3 lg:grid-cols-5"
            aria-label={t("usage.filters")}
            onSubmit={(event) => event.preventDefault()}
        >
            <SelectField
                class="max-sm:col-span-2"
                label={t("usage.period")}
                value={filter.period}
                choices={periods}
                onValue={(period) => setQuery(periodChange(period, filter, now))}
            />
            <SelectField
                label={t("request.model")}
                value={filter.model}
                choices={withChosen(
                    [{ value: "", text: t("usage.allModels") }, ...models],
                    filter.model,
                )}
                onValue={(model) => setQuery({ model })}
            />
            <SelectField
                label={t("request.key")}
                value={filter.key}
                choices={withChosen([{ value: "", text: t("usage.allKeys") }, ...keys], filter.key)}
                onValue={(key) => setQuery({ key })}
            />
            {filter.period === "custom" && <PeriodDays {...filter} />}
        </form>
    );
}

/** A custom period begins as the one that was shown. */
function periodChange(period: string, filter: Filter, now: number) {
    return period === "custom"
        ? { period, ...typedDays(windowOf(filter, now), now) }
        : { period, first: null, last: null };
}
