// A quota, to be typed.
import { useState } from "preact/hooks";
import type { NewQuota, QuotaPeriod, QuotaUnit } from "../../api/quotas";
import { plain, typedUsd } from "../../base/money";
import { t } from "../../i18n";
import { errorOf, useAction } from "../../state/action";
import { SelectField, TextField } from "../../ui/field";
import { FormDialog } from "../../ui/form";

const UNITS = ["usd", "requests", "tokens", "concurrency"] as const;
const PERIODS = ["day", "month", "minute"] as const;
const FIELDS = ["unit", "period", "amount", "model", "key_id"];

interface QuotaFormProps {
    title: string;
    keys?: readonly { id: string; name: string }[]; // whose quota it can be; undefined: a customer's
    models: readonly string[];
    onSave: (quota: NewQuota, keyId: string) => Promise<void>;
    onClose: () => void;
}

/** As the API takes it; what is no number is sent as it was typed, to be told so. */
function amountOf(unit: QuotaUnit, typed: string): string | number {
    const text = typed.trim();
    if (unit === "usd") {
        const amount = typedUsd(text);
        return amount === null ? text : plain(amount);
    }
    return /^\d+$/.test(text) ? Number(text) : text;
}

export function QuotaForm({ title, keys, models, onSave, onClose }: QuotaFormProps) {
    const [keyId, setKeyId] = useState(keys?.[0]?.id ?? "");
    const [unit, setUnit] = useState<QuotaUnit>("usd");
    const [period, setPeriod] = useState<QuotaPeriod>("day");
    const [amount, setAmount] = useState("");
    const [model, setModel] = useState("");
    const doing = useAction(async () => {
        const quota: NewQuota = { unit, amount: amountOf(unit, amount) };
        if (unit !== "concurrency") {
            quota.period = period;
        }
        if (model) {
            quota.model = model;
        }
        await onSave(quota, keyId);
    });
    return (
        <FormDialog
            title={title}
            action={t("quotas.set")}
            doing={doing}
            fields={FIELDS}
            onClose={onClose}
        >
            {keys && (
                <SelectField
                    label={t("quotas.whose")}
                    value={keyId}
                    choices={keys.map(({ id, name }) => ({ value: id, text: name }))}
                    onValue={setKeyId}
                    error={errorOf(doing.error, "key_id")}
                />
            )}
            <div class="grid gap-4 sm:grid-cols-2">
                <SelectField
                    label={t("quotas.what")}
                    value={unit}
                    choices={UNITS.map((value) => ({
                        value,
                        text: t(`quotas.unit.${value}`),
                    }))}
                    onValue={(value) => setUnit(value as QuotaUnit)}
                    error={errorOf(doing.error, "unit")}
                />
                <SelectField
                    label={t("quotas.period")}
                    hint={t("quotas.periodHint")}
                    value={period}
                    disabled={unit === "concurrency"}
                    choices={PERIODS.map((value) => ({
                        value,
                        text: t(`quotas.period.${value}`),
                    }))}
                    onValue={(value) => setPeriod(value as QuotaPeriod)}
                    error={errorOf(doing.error, "period")}
                />
                <TextField
                    label={t("quotas.amount")}
                    required
                    autofocus
                    inputMode={unit === "usd" ? "decimal" : "numeric"}
                    placeholder={unit === "usd" ? "$" : ""}
                    value={amount}
                    onValue={setAmount}
                    error={errorOf(doing.error, "amount")}
                />
                <SelectField
                    label={t("quotas.model")}
                    value={model}
                    choices={[
                        { value: "", text: t("quotas.allModels") },
                        ...models.map((id) => ({ value: id, text: id })),
                    ]}
                    onValue={setModel}
                    error={errorOf(doing.error, "model")}
                />
            </div>
        </FormDialog>
    );
}
