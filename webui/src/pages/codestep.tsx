// The second step of signing in: the app's code, or a recovery code.
import { useState } from "preact/hooks";
import { signInByCode } from "../api/account";
import { ApiError } from "../api/error";
import { t } from "../i18n";
import { errorOf, errorOfNone, useAction } from "../state/action";
import { enter } from "../state/session";
import { Button } from "../ui/button";
import { Form } from "../ui/form";
import { Failure } from "../ui/notice";
import { CodeField } from "./proof";

/** The token of a sign-in that waits for its code; null: the error is another one. */
export function pendingToken(error: unknown): string | null {
    const isIt = error instanceof ApiError && error.code === "second_factor_code_required";
    const token = isIt && error.body.metadata?.["token"];
    return typeof token === "string" ? token : null;
}

/** Runs the first step; what it throws for want of a code is the token of the second. */
export async function firstStep(step: () => Promise<void>): Promise<string | null> {
    try {
        await step();
        return null;
    } catch (error) {
        const token = pendingToken(error);
        if (token === null) {
            throw error;
        }
        return token;
    }
}

export function CodeStep({ token, onBack }: { token: string; onBack: () => void }) {
    const [code, setCode] = useState("");
    const { run, isBusy, error } = useAction(async () =>
        enter(await signInByCode({ token, code })),
    );
    return (
        <Form onSend={run}>
            <CodeField autofocus value={code} onValue={setCode} error={errorOf(error, "code")} />
            <Failure error={errorOfNone(error, "code")} />
            <Button type="submit" kind="primary" busy={isBusy}>
                {t("auth.signIn")}
            </Button>
            <Button kind="quiet" onClick={onBack}>
                {t("factor.back")}
            </Button>
        </Form>
    );
}
