// What proves that it is the user: the password, and a code of the second factor.
import { t } from "../i18n";
import { TextField } from "../ui/field";

interface ProofProps {
    value: string;
    autofocus?: boolean;
    onValue: (value: string) => void;
    error: string | null;
}

export function PasswordField(props: ProofProps) {
    return (
        <TextField
            label={t("factor.password")}
            type="password"
            autocomplete="current-password"
            required
            {...props}
        />
    );
}

export function CodeField(props: ProofProps) {
    return (
        <TextField
            label={t("factor.code")}
            hint={t("factor.codeHint")}
            autocomplete="one-time-code"
            required
            {...props}
        />
    );
}
