// The windows in which the operator invites somebody, or makes a customer.
import { useState } from "preact/hooks";
import { invite, type MadeInvitation, makeCustomer } from "../../api/invitations";
import { endOfDayInput } from "../../base/days";
import { plain, typedUsd } from "../../base/money";
import { dateTime } from "../../base/time";
import { locale, t } from "../../i18n";
import { errorOf, useAction } from "../../state/action";
import { Dialog } from "../../ui/dialog";
import { ComingDayField, TextField } from "../../ui/field";
import { GroupField } from "./groupfield";
import { ShownLink } from "./shownlink";
import { FormDialog } from "../../ui/form";

interface Typed {
    email: string;
    uses: string;
    credit: string;
    group: string;
    expires: string;
}

function bodyOf({ email, uses, credit, group, expires }: Typed) {
    const amount = typedUsd(credit);
    const expires_at = endOfDayInput(expires);
    return {
        language: locale(),
        ...(email.trim() ? { email: email.trim() } : { uses: Number(uses) }),
        ...(credit.trim() && { credit: amount === null ? credit : plain(amount) }),
        ...(group && { group }),
        ...(expires_at && { expires_at }),
    };
}

export function InviteDialog({ onClose, onMade }: { onClose: () => void; onMade?: () => void }) {
    const [typed, setTyped] = useState<Typed>({
        email: "",
        uses: "1",
        credit: "",
        group: "",
        expires: "",
    });
    const set = (change: Partial<Typed>) => setTyped((before) => ({ ...before, ...change }));
    const [made, setMade] = useState<MadeInvitation | null>(null);
    const doing = useAction(async () => {
        setMade(await invite(bodyOf(typed)));
        onMade?.();
    });
    if (made) {
        const time = dateTime(made.invitation.expires_at, locale());
        return (
            <Dialog title={t("invitations.made")} onClose={onClose}>
                <ShownLink url={made.url} onClose={onClose}>
                    {made.url
                        ? t("invitations.shown", { time })
                        : t("invitations.mailed", { email: made.invitation.email ?? "", time })}
                </ShownLink>
            </Dialog>
        );
    }
    return (
        <FormDialog
            title={t("invitations.make")}
            action={t("invitations.make")}
            doing={doing}
            fields={["email", "uses", "credit", "group", "expires_at"]}
            onClose={onClose}
        >
            <TextField
                label={t("invitations.email")}
                hint={t("invitations.emailHint")}
                type="email"
                autofocus
                value={typed.email}
                onValue={(email) => set({ email })}
                error={errorOf(doing.error, "email")}
            />
            <div class="grid gap-4 sm:grid-cols-2">
                {!typed.email.trim() && (
                    <TextField
                        label={t("invitations.usesMax")}
                        type="number"
                        min="1"
                        max="10000"
                        step="1"
                        required
                        value={typed.uses}
                        onValue={(uses) => set({ uses })}
                        error={errorOf(doing.error, "uses")}
                    />
                )}
                <TextField
                    label={t("invitations.creditEach")}
                    inputMode="decimal"
                    value={typed.credit}
                    onValue={(credit) => set({ credit })}
                    error={errorOf(doing.error, "credit")}
                />
                <GroupField
                    value={typed.group}
                    onValue={(group) => set({ group })}
                    error={errorOf(doing.error, "group")}
                />
                <ComingDayField
                    label={t("invitations.expires")}
                    value={typed.expires}
                    onValue={(expires) => set({ expires })}
                    error={errorOf(doing.error, "expires_at")}
                />
            </div>
        </FormDialog>
    );
}

export function NewCustomerDialog({
    onClose,
    onMade,
}: {
    onClose: () => void;
    onMade: () => void;
}) {
    const [form, setForm] = useState({ email: "", name: "", group: "" });
    const set = (change: Partial<typeof form>) => setForm((before) => ({ ...before, ...change }));
    const [made, setMade] = useState<{ url: string; expires_at: string } | null>(null);
    const doing = useAction(async () => {
        const { email, name, group } = form;
        setMade(
            await makeCustomer({
                email: email.trim(),
                language: locale(),
                ...(name.trim() && { name: name.trim() }),
                ...(group && { group }),
            }),
        );
        onMade();
    });
    if (made) {
        return (
            <Dialog title={t("newCustomer.made")} onClose={onClose}>
                <ShownLink url={made.url} onClose={onClose}>
                    {t("customers.linkMade", { time: dateTime(made.expires_at, locale()) })}
                </ShownLink>
            </Dialog>
        );
    }
    return (
        <FormDialog
            title={t("newCustomer.title")}
            action={t("newCustomer.action")}
            doing={doing}
            fields={["email", "name", "group"]}
            onClose={onClose}
        >
            <TextField
                label={t("auth.email")}
                type="email"
                required
                autofocus
                value={form.email}
                onValue={(email) => set({ email })}
                error={errorOf(doing.error, "email")}
            />
            <TextField
                label={t("auth.name")}
                maxLength={100}
                value={form.name}
                onValue={(name) => set({ name })}
                error={errorOf(doing.error, "name")}
            />
            <GroupField
                value={form.group}
                onValue={(group) => set({ group })}
                error={errorOf(doing.error, "group")}
            />
        </FormDialog>
    );
}
