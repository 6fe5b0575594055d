// The window in which the operator makes a batch of vouchers.
import { useState } from "preact/hooks";
import { makeVouchers, type NewVouchers } from "../../api/vouchers";
import { endOfDayInput } from "../../base/days";
import { plain, typedUsd } from "../../base/money";
import { t } from "../../i18n";
import { errorOf, useAction } from "../../state/action";
import { announce } from "../../state/announce";
import { ComingDayField, SelectField, TextField } from "../../ui/field";
import { GroupField } from "./groupfield";
import { FormDialog } from "../../ui/form";

const KINDS = ["promotion", "manual"] as const;
const FIELDS = ["name", "amount", "count", "kind", "group", "expires_at"];
const CODES_MAX = 1000;

interface Typed {
    name: string;
    amount: string;
    count: string;
    kind: NewVouchers["kind"];
    group: string;
    expires: string;
}

function bodyOf(typed: Typed): NewVouchers {
    const amount = typedUsd(typed.amount);
    const expiry = endOfDayInput(typed.expires);
    const body: NewVouchers = {
        name: typed.name.trim(),
        amount: amount === null ? typed.amount : plain(amount),
        count: Number(typed.count),
        kind: typed.kind,
    };
    if (typed.group) {
        body.group = typed.group;
    }
    if (expiry) {
        body.expires_at = expiry;
    }
    return body;
}

export function VoucherDialog({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
    const [typed, setTyped] = useState<Typed>({
        name: "",
        amount: "5",
        count: "10",
        kind: "promotion",
        group: "",
        expires: "",
    });
    const set = (change: Partial<Typed>) => setTyped({ ...typed, ...change });
    const doing = useAction(async () => {
        const made = await makeVouchers(bodyOf(typed));
        announce(t("vouchers.made", { count: String(made.count), name: made.name }));
        onDone();
    });
    return (
        <FormDialog
            title={t("vouchers.make")}
            action={t("vouchers.make")}
            doing={doing}
            fields={FIELDS}
            onClose={onClose}
        >
            <TextField
                label={t("vouchers.name")}
                hint={t("vouchers.nameHint")}
                required
                autofocus
                maxLength={100}
                value={typed.name}
                onValue={(name) => set({ name })}
                error={errorOf(doing.error, "name")}
            />
            <div class="grid gap-4 sm:grid-cols-2">
                <TextField
                    label={t("vouchers.amountEach")}
                    inputMode="decimal"
                    required
                    value={typed.amount}
                    onValue={(amount) => set({ amount })}
                    error={errorOf(doing.error, "amount")}
                />
                <TextField
                    label={t("vouchers.count")}
                    hint={t("vouchers.countHint", { most: String(CODES_MAX) })}
                    type="number"
                    min="1"
                    max={String(CODES_MAX)}
                    step="1"
                    required
                    value={typed.count}
                    onValue={(count) => set({ count })}
                    error={errorOf(doing.error, "count")}
                />
                <SelectField
                    label={t("transfer.kind")}
                    value={typed.kind}
                    choices={KINDS.map((value) => ({ value, text: t(`vouchers.${value}`) }))}
                    onValue={(kind) => set({ kind: kind as Typed["kind"] })}
                    error={errorOf(doing.error, "kind")}
                />
                <GroupField
                    label={t("vouchers.group")}
                    none={t("vouchers.groupAll")}
                    value={typed.group}
                    onValue={(group) => set({ group })}
                    error={errorOf(doing.error, "group")}
                />
                <ComingDayField
                    label={t("vouchers.expires")}
                    value={typed.expires}
                    onValue={(expires) => set({ expires })}
                    error={errorOf(doing.error, "expires_at")}
                />
            </div>
        </FormDialog>
    );
}
