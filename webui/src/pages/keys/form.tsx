// What a key may do, to be typed: for a new one and for one that is there.
import { useState } from "preact/hooks";
import { getModels, type KeyChange, type NewKey } from "../../api/resources";
import type { BudgetPeriod, Key } from "../../api/types";
import { endOfDayInput } from "../../base/days";
import { plain, typedUsd, usd } from "../../base/money";
import { toDateInput } from "../../base/time";
import { type PlainKey, t } from "../../i18n";
import { errorOf, errorOfNone, useAction } from "../../state/action";
import { useResource } from "../../state/resource";
import { site } from "../../state/site";
import { Button } from "../../ui/button";
import { DialogActions } from "../../ui/dialog";
import { ComingDayField, SelectField, TextField } from "../../ui/field";
import { Form } from "../../ui/form";
import { Failure } from "../../ui/notice";
import { ModelChoice } from "./modelchoice";

export interface Typed {
    name: string;
    expires: string;
    budget: string;
    period: BudgetPeriod | "";
    models: string[];
}

const EMPTY: Typed = { name: "", expires: "", budget: "", period: "", models: [] };
const PERIODS: readonly { value: Typed["period"]; text: PlainKey }[] = [
    { value: "", text: "keys.period.none" },
    { value: "day", text: "keys.period.day" },
    { value: "week", text: "keys.period.week" },
    { value: "month", text: "keys.period.month" },
];
const FIELDS = ["name", "expires_at", "budget", "budget_period", "models"];

/** A key as it would be typed. Its last day is a whole one. */
export function typedOf(key: Key): Typed {
    const last = key.expires_at && new Date(new Date(key.expires_at).getTime() - 1);
    return {
        name: key.name,
        expires: last ? toDateInput(last) : "",
        budget: key.budget === null ? "" : plain(usd(key.budget)).replace(/\.?0+$/, ""),
        period: key.budget_period ?? "",
        models: key.models ?? [],
    };
}

/** The change of a key; what is empty is taken away, what is as it was is left out. */
export function changeOf(typed: Typed, before: Typed): KeyChange {
    const change: KeyChange = {};
    if (typed.name.trim() !== before.name) {
        change.name = typed.name.trim();
    }
    if (typed.expires !== before.expires) {
        change.expires_at = endOfDayInput(typed.expires);
    }
    if (typed.budget !== before.budget || typed.period !== before.period) {
        change.budget = budgetOf(typed);
        change.budget_period = change.budget === null ? null : typed.period || null;
    }
    if (typed.models.join("\n") !== before.models.join("\n")) {
        change.models = typed.models.length > 0 ? typed.models : null;
    }
    return change;
}

function budgetOf(typed: Typed): string | null {
    const budget = typedUsd(typed.budget);
    return typed.budget.trim() ? (budget === null ? typed.budget : plain(budget)) : null;
}

/** The body of a call that makes one; what was left empty is left out. */
export function newKey(typed: Typed): NewKey {
    const body: NewKey = { name: typed.name.trim() };
    const expiry = endOfDayInput(typed.expires);
    const budget = budgetOf(typed);
    if (expiry) {
        body.expires_at = expiry;
    }
    if (budget !== null) {
        body.budget = budget;
        if (typed.period) {
            body.budget_period = typed.period;
        }
    }
    if (typed.models.length > 0) {
        body.models = typed.models;
    }
    return body;
}

interface KeyFormProps {
    before?: Typed;
    action: string;
    onSave: (typed: Typed) => Promise<void>;
    onClose: () => void;
}

export function KeyForm({ before = EMPTY, action, onSave, onClose }: KeyFormProps) {
    const [typed, setTyped] = useState<Typed>(before);
    const set = (change: Partial<Typed>) => setTyped((now) => ({ ...now, ...change }));
    const models = useResource("models", getModels);
    const { run, isBusy, error } = useAction(() => onSave(typed));
    return (
        <Form onSend={run}>
            <TextField
                label={t("keys.name")}
                hint={t("keys.nameHint")}
                required
                autofocus
                maxLength={site.value?.limits.name_bytes_max}
                value={typed.name}
                onValue={(name) => set({ name })}
                error={errorOf(error, "name")}
            />
            <div class="grid gap-4 sm:grid-cols-2">
                <TextField
                    label={t("keys.budget")}
                    hint={typed.period ? t("keys.budgetHintPeriod") : t("keys.budgetHint")}
                    inputMode="decimal"
                    placeholder="$"
                    value={typed.budget}
                    onValue={(budget) => set({ budget })}
                    error={errorOf(error, "budget")}
                />
                <SelectField
                    label={t("keys.period")}
                    hint={t("keys.periodHint")}
                    value={typed.period}
                    disabled={!typed.budget.trim()}
                    choices={PERIODS.map(({ value, text }) => ({ value, text: t(text) }))}
                    onValue={(period) => set({ period: period as Typed["period"] })}
                    error={errorOf(error, "budget_period")}
                />
                <ComingDayField
                    label={t("keys.expires")}
                    hint={t("keys.expiresHint")}
                    value={typed.expires}
                    onValue={(expires) => set({ expires })}
                    error={errorOf(error, "expires_at")}
                />
            </div>
            <ModelChoice
                models={models.data}
                chosen={typed.models}
                countMax={site.value?.limits.key_models_max ?? 0}
                onChoose={(chosen) => set({ models: chosen })}
                error={errorOf(error, "models")}
            />
            <Failure error={errorOfNone(error, ...FIELDS)} />
            <DialogActions>
                <Button onClick={onClose}>{t("action.cancel")}</Button>
                <Button type="submit" kind="primary" busy={isBusy}>
                    {action}
                </Button>
            </DialogActions>
        </Form>
    );
}
