// A copy of all that is known of the user, and the end of the account.
import { useState } from "preact/hooks";
import { eraseAccount, MY_DATA, type User } from "../api/account";
import { ApiError } from "../api/error";
import { t } from "../i18n";
import { errorOf, errorOfNone, useAction } from "../state/action";
import { announce } from "../state/announce";
import { signedOut } from "../state/session";
import { Button, ButtonLink } from "../ui/button";
import { Card } from "../ui/card";
import { Dialog, DialogActions } from "../ui/dialog";
import { CheckField, TextField, Username } from "../ui/field";
import { Failure } from "../ui/notice";

export function MyDataCard({ user }: { user: User }) {
    const [isErasing, setErasing] = useState(false);
    return (
        <Card title={t("data.title")}>
            <div class="flex flex-col gap-4">
                <p class="text-soft">{t("data.text")}</p>
                <div class="flex flex-wrap gap-2">
                    <ButtonLink href={MY_DATA} download icon="download">
                        {t("data.copy")}
                    </ButtonLink>
                    <Button kind="danger" onClick={() => setErasing(true)}>
                        {t("data.erase")}
                    </Button>
                </div>
            </div>
            {isErasing && <EraseDialog user={user} onClose={() => setErasing(false)} />}
        </Card>
    );
}

function EraseDialog({ user, onClose }: { user: User; onClose: () => void }) {
    const [typed, setTyped] = useState({ email: "", password: "", code: "" });
    const [forfeit, setForfeit] = useState(false);
    const { run, isBusy, error } = useAction(async () => {
        const { code, ...form } = typed;
        await eraseAccount({ ...form, forfeit, ...(user.second_factor && { code }) });
        announce(t("data.erased"));
        signedOut();
    });
    const set = (name: keyof typeof typed) => (value: string) =>
        setTyped((before) => ({ ...before, [name]: value }));
    const hasBalance = error instanceof ApiError && error.code === "balance_left";
    const onSubmit = (event: Event) => {
        event.preventDefault();
        run();
    };
    return (
        <Dialog title={t("data.erase")} onClose={onClose}>
            <form class="flex flex-col gap-4" onSubmit={onSubmit}>
                <p>{t("data.eraseText")}</p>
                <TextField
                    label={t("data.typeEmail", { email: user.email })}
                    autocomplete="off"
                    required
                    value={typed.email}
                    onValue={set("email")}
                    error={errorOf(error, "email")}
                />
                <Username value={user.email} />
                <TextField
                    label={t("factor.password")}
                    type="password"
                    autocomplete="current-password"
                    required
                    value={typed.password}
                    onValue={set("password")}
                    error={errorOf(error, "password")}
                />
                {user.second_factor && (
                    <TextField
                        label={t("factor.code")}
                        hint={t("factor.codeHint")}
                        autocomplete="one-time-code"
                        required
                        value={typed.code}
                        onValue={set("code")}
                        error={errorOf(error, "code")}
                    />
                )}
                {(hasBalance || forfeit) && (
                    <CheckField
                        label={t("data.forfeit")}
                        checked={forfeit}
                        onChecked={setForfeit}
                    />
                )}
                <Failure error={errorOfNone(error, "email", "password", "code")} />
                <DialogActions>
                    <Button onClick={onClose}>{t("action.cancel")}</Button>
                    <Button type="submit" kind="danger" busy={isBusy}>
                        {t("data.erase")}
                    </Button>
                </DialogActions>
            </form>
        </Dialog>
    );
}
