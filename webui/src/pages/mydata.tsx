// A copy of all that is known of the user, and the end of the account.
import { useState } from "preact/hooks";
import { eraseAccount, MY_DATA, type User } from "../api/account";
import { ApiError } from "../api/error";
import { t } from "../i18n";
import { errorOf, useAction } from "../state/action";
import { announce } from "../state/announce";
import { signedOut } from "../state/session";
import { Button, ButtonLink } from "../ui/button";
import { Card } from "../ui/card";
import { Username } from "../ui/field";
import { EraseDialog, type Erasure } from "./erase";
import { CodeField, PasswordField } from "./proof";

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
            {isErasing && <EraseMe user={user} onClose={() => setErasing(false)} />}
        </Card>
    );
}

function EraseMe({ user, onClose }: { user: User; onClose: () => void }) {
    const [typed, setTyped] = useState({ password: "", code: "" });
    const doing = useAction(async (erasure: Erasure) => {
        const { password, code } = typed;
        await eraseAccount({ ...erasure, password, ...(user.second_factor && { code }) });
        announce(t("data.erased"));
        signedOut();
    });
    const set = (change: Partial<typeof typed>) => setTyped((before) => ({ ...before, ...change }));
    const { error } = doing;
    return (
        <EraseDialog
            title={t("data.erase")}
            text={t("data.eraseText")}
            email={user.email}
            forfeitText={t("data.forfeit")}
            hasCredit={error instanceof ApiError && error.code === "balance_left"}
            doing={doing}
            fields={["password", "code"]}
            onClose={onClose}
        >
            <Username value={user.email} />
            <PasswordField
                value={typed.password}
                onValue={(password) => set({ password })}
                error={errorOf(error, "password")}
            />
            {user.second_factor && (
                <CodeField
                    value={typed.code}
                    onValue={(code) => set({ code })}
                    error={errorOf(error, "code")}
                />
            )}
        </EraseDialog>
    );
}
