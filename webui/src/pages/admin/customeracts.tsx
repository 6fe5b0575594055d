// What an operator can do with a customer: give credit, correct it downwards, disable, put into a
// group, change the role, let in again.
import { useState } from "preact/hooks";
import { type Role, ROLES } from "../../api/account";
import {
    changeCustomer,
    type CustomerDetail,
    giveCredit,
    makePasswordLink,
    takeCredit,
} from "../../api/admin";
import { exact, plain, typedUsd, usd } from "../../base/money";
import { dateTime } from "../../base/time";
import { locale, t } from "../../i18n";
import { errorOf, useAction } from "../../state/action";
import { announce } from "../../state/announce";
import { useOnce } from "../../state/once";
import { Button } from "../../ui/button";
import { Dialog, DialogActions } from "../../ui/dialog";
import { SelectField, TextField } from "../../ui/field";
import { FormDialog } from "../../ui/form";
import { Failure } from "../../ui/notice";
import { GroupField } from "./groupfield";
import { ReasonDialog } from "./reason";
import { ShownLink } from "./shownlink";

interface ActProps {
    customer: CustomerDetail;
    onClose: () => void;
    onDone: () => void;
}

const KINDS = ["manual", "promotion"] as const;
type Kind = (typeof KINDS)[number];

export function CreditDialog({ customer, onClose, onDone }: ActProps) {
    const [typed, setTyped] = useState("");
    const [reason, setReason] = useState("");
    const [kind, setKind] = useState<Kind>("manual");
    const once = useOnce();
    const doing = useAction(async () => {
        const amount = typedUsd(typed);
        const shown = amount === null ? typed : plain(amount);
        const form = { user_id: customer.id, amount: shown, reason: reason.trim(), kind };
        await once((key) => giveCredit(form, key));
        announce(t("credits.added", { amount: amount === null ? typed : exact(amount) }));
        onDone();
    });
    return (
        <FormDialog
            title={t("customers.giveTitle", { email: customer.email })}
            action={t("customers.give")}
            doing={doing}
            fields={["amount", "reason"]}
            onClose={onClose}
        >
            <div class="grid gap-4 sm:grid-cols-2">
                <TextField
                    label={t("credits.amount")}
                    inputMode="decimal"
                    required
                    autofocus
                    value={typed}
                    onValue={setTyped}
                    error={errorOf(doing.error, "amount")}
                />
                <SelectField
                    label={t("transfer.kind")}
                    value={kind}
                    choices={KINDS.map((value) => ({ value, text: t(`transfer.${value}`) }))}
                    onValue={(value) => setKind(value as Kind)}
                />
            </div>
            <TextField
                label={t("acts.reason")}
                hint={t("acts.reasonShown")}
                required
                value={reason}
                onValue={setReason}
                error={errorOf(doing.error, "reason")}
            />
        </FormDialog>
    );
}

/** A correction downwards: what is there is taken, the rest is owed. */
export function DebitDialog({ customer, onClose, onDone }: ActProps) {
    const [typed, setTyped] = useState("");
    const once = useOnce();
    const doing = useAction(async (reason: string) => {
        const amount = typedUsd(typed);
        const shown = amount === null ? typed : plain(amount);
        const form = { user_id: customer.id, amount: shown, reason };
        const done = await once((key) => takeCredit(form, key));
        announce(
            t("customers.taken", { taken: exact(usd(done.taken)), owed: exact(usd(done.owed)) }),
        );
        onDone();
    });
    return (
        <ReasonDialog
            title={t("customers.takeTitle", { email: customer.email })}
            action={t("customers.take")}
            isDanger
            isShown
            doing={doing}
            onClose={onClose}
            fields={["amount"]}
        >
            <p>{t("customers.takeText")}</p>
            <TextField
                label={t("credits.amount")}
                inputMode="decimal"
                required
                value={typed}
                onValue={setTyped}
                error={errorOf(doing.error, "amount")}
            />
        </ReasonDialog>
    );
}

export function DisableDialog({ customer, onClose, onDone }: ActProps) {
    const { email, disabled } = customer;
    const doing = useAction(async (reason: string) => {
        await changeCustomer(customer.id, { disabled: !disabled, reason });
        announce(t(disabled ? "customers.enabled" : "customers.disabled", { email }));
        onDone();
    });
    return (
        <ReasonDialog
            title={t(disabled ? "customers.enableTitle" : "customers.disableTitle", { email })}
            action={disabled ? t("customers.enable") : t("customers.disable")}
            isDanger={!disabled}
            doing={doing}
            onClose={onClose}
        >
            {!disabled && <p>{t("customers.disableText")}</p>}
        </ReasonDialog>
    );
}

export function GroupDialog({ customer, onClose, onDone }: ActProps) {
    const [group, setGroup] = useState(customer.group ?? "");
    const doing = useAction(async (reason: string) => {
        await changeCustomer(customer.id, { group, reason });
        announce(t("customers.grouped"));
        onDone();
    });
    return (
        <ReasonDialog
            title={t("customers.groupTitle", { email: customer.email })}
            action={t("customers.groupSave")}
            doing={doing}
            onClose={onClose}
            fields={["group"]}
        >
            <GroupField
                hint={t("customers.groupHint")}
                kept={customer.group ?? ""}
                value={group}
                onValue={setGroup}
                error={errorOf(doing.error, "group")}
            />
        </ReasonDialog>
    );
}

export function RoleDialog({ customer, onClose, onDone }: ActProps) {
    const [role, setRole] = useState<Role>(customer.role);
    const doing = useAction(async (reason: string) => {
        await changeCustomer(customer.id, { role, reason });
        announce(t("customers.roleChanged"));
        onDone();
    });
    return (
        <ReasonDialog
            title={t("customers.roleTitle", { email: customer.email })}
            action={t("customers.roleSave")}
            doing={doing}
            onClose={onClose}
            fields={["role"]}
        >
            <SelectField
                label={t("customers.role")}
                hint={t(`roles.${role}.may`)}
                value={role}
                choices={ROLES.map((value) => ({ value, text: t(`roles.${value}`) }))}
                onValue={(value) => setRole(value as Role)}
                error={errorOf(doing.error, "role")}
            />
        </ReasonDialog>
    );
}

/** The link is shown this once. */
export function LinkDialog({ customer, onClose }: ActProps) {
    const [made, setMade] = useState<{ url: string; expires_at: string } | null>(null);
    const { run, isBusy, error } = useAction(async () =>
        setMade(await makePasswordLink(customer.id)),
    );
    return (
        <Dialog title={t("customers.linkTitle", { email: customer.email })} onClose={onClose}>
            {made ? (
                <ShownLink url={made.url} onClose={onClose}>
                    {t("customers.linkMade", { time: dateTime(made.expires_at, locale()) })}
                </ShownLink>
            ) : (
                <div class="flex flex-col gap-4">
                    <p>{t("customers.linkText")}</p>
                    <Failure error={error} />
                    <DialogActions>
                        <Button onClick={onClose}>{t("action.cancel")}</Button>
                        <Button kind="primary" busy={isBusy} onClick={() => run()}>
                            {t("customers.link")}
                        </Button>
                    </DialogActions>
                </div>
            )}
        </Dialog>
    );
}
