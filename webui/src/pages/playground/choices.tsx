// What everything in the playground begins with: the model, who pays, and what is to be done.
import type { ComponentChildren } from "preact";
import type { Key, Model } from "../../api/types";
import { type Task, tasksOf } from "../../base/endpoints";
import { glance, usd } from "../../base/money";
import { t } from "../../i18n";
import { place, setQuery } from "../../state/router";
import { type Choice, SelectField } from "../../ui/field";
import { Segmented } from "../../ui/segmented";

/** A key with what is left of its budget. */
function keyChoice(key: Key): Choice {
    if (key.budget === null) {
        return { value: key.id, text: key.name };
    }
    const text = t("playground.keyLeft", { name: key.name, left: glance(leftOf(key) ?? 0n) });
    return { value: key.id, text };
}

/** What is left of a key's budget now; null: it has none. */
function leftOf(key: Key): bigint | null {
    return key.remaining === null ? null : usd(key.remaining);
}

export interface Chosen {
    key: Key;
    model: string; // "": the key may use none
    task: Task;
    keys: readonly Key[];
    models: readonly Model[]; // that the key may use here
    tasks: readonly Task[]; // of the model
}

/** What the address asks for, as far as it is there; there is at least one key. */
export function useChosen(keys: readonly Key[], models: readonly Model[]): Chosen {
    const wanted = place.value.query;
    const key =
        keys.find(({ id }) => id === wanted.get("key")) ??
        keys.find((each) => leftOf(each) !== 0n) ??
        (keys[0] as Key);
    const allowed = models.filter(
        (model) => tasksOf(model).length > 0 && (!key.models || key.models.includes(model.id)),
    );
    const model =
        allowed.find(({ id }) => id === wanted.get("model")) ??
        allowed.find((each) => tasksOf(each).includes("chat")) ??
        allowed[0];
    const tasks = model ? tasksOf(model) : [];
    const task = tasks.find((each) => each === wanted.get("task")) ?? tasks[0] ?? "chat";
    return { key, model: model?.id ?? "", task, keys, models: allowed, tasks };
}

export function Choices({ chosen, children }: { chosen: Chosen; children?: ComponentChildren }) {
    return (
        <div
            class={`grid gap-3 border-b border-line p-4 sm:items-end ${children ? "sm:grid-cols-[1fr_1fr_auto]" : "sm:grid-cols-2"}`}
        >
            <SelectField
                label={t("request.model")}
                value={chosen.model}
                choices={chosen.models.map(({ id }) => ({ value: id, text: id }))}
                onValue={(id) => setQuery({ model: id, task: null })}
            />
            <SelectField
                label={t("playground.key")}
                value={chosen.key.id}
                choices={chosen.keys.map(keyChoice)}
                onValue={(id) => setQuery({ key: id })}
            />
            {children}
            {chosen.tasks.length > 1 && (
                <div class="sm:col-span-full">
                    <Segmented
                        label={t("playground.task")}
                        choices={chosen.tasks.map((task) => ({
                            value: task,
                            text: t(`playground.task.${task}`),
                        }))}
                        value={chosen.task}
                        onValue={(task) => setQuery({ task })}
                    />
                </div>
            )}
        </div>
    );
}
