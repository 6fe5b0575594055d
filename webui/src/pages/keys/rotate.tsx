// A new secret for a key that is there: its name, budget and limits go on.
import { useState } from "preact/hooks";
import { endOldSecrets, type Made, rotateKey } from "../../api/resources";
import type { Key } from "../../api/types";
import { dateTime } from "../../base/time";
import { locale, type PlainKey, t } from "../../i18n";
import { useAction } from "../../state/action";
import { announce } from "../../state/announce";
import { Button } from "../../ui/button";
import { Confirm, Dialog, DialogActions } from "../../ui/dialog";
import { SelectField } from "../../ui/field";
import { Form } from "../../ui/form";
import { Failure } from "../../ui/notice";
import { ShownOnce } from "./shownonce";

const GRACES: readonly { seconds: number; text: PlainKey }[] = [
    { seconds: 0, text: "keys.grace.none" },
    { seconds: 3600, text: "keys.grace.hour" },
    { seconds: 86_400, text: "keys.grace.day" },
    { seconds: 604_800, text: "keys.grace.week" },
];
const USUAL_S = "86400";

interface RotateKeyProps {
    chosen: Key;
    onMade: () => void;
    onClose: () => void;
}

export function RotateKey({ chosen, onMade, onClose }: RotateKeyProps) {
    const [made, setMade] = useState<Made | null>(null);
    if (made) {
        return <ShownOnce made={made} onClose={onClose} />;
    }
    return (
        <Dialog key="form" title={t("keys.rotateTitle", { name: chosen.name })} onClose={onClose}>
            <GraceForm
                chosen={chosen}
                onClose={onClose}
                onMade={(answer) => {
                    setMade(answer);
                    onMade();
                }}
            />
        </Dialog>
    );
}

interface GraceFormProps {
    chosen: Key;
    onMade: (made: Made) => void;
    onClose: () => void;
}

function GraceForm({ chosen, onMade, onClose }: GraceFormProps) {
    const [grace, setGrace] = useState(USUAL_S);
    const { run, isBusy, error } = useAction(async () =>
        onMade(await rotateKey(chosen.id, Number(grace), chosen.last4)),
    );
    return (
        <Form onSend={run}>
            <p>{t("keys.rotateText")}</p>
            <SelectField
                label={t("keys.grace")}
                hint={t(grace === "0" ? "keys.graceHintNone" : "keys.graceHint")}
                value={grace}
                choices={GRACES.map(({ seconds, text }) => ({
                    value: String(seconds),
                    text: t(text),
                }))}
                onValue={setGrace}
            />
            <Failure error={error} />
            <DialogActions>
                <Button onClick={onClose}>{t("action.cancel")}</Button>
                <Button type="submit" kind="primary" busy={isBusy}>
                    {t("keys.rotateAction")}
                </Button>
            </DialogActions>
        </Form>
    );
}

interface OldSecretsProps {
    apiKey: Key;
    name: string; // of its button
    onEnd: ((key: Key) => void) | null;
}

/** Secrets that were replaced and still work. */
export function OldSecrets({ apiKey, name, onEnd }: OldSecretsProps) {
    if (apiKey.old_secrets.length === 0) {
        return null;
    }
    return (
        <span class="mt-1 block text-sm font-normal text-soft">
            {apiKey.old_secrets.map(({ last4, replaced_at, works_until }) => (
                <span key={replaced_at + last4} class="block">
                    {t("keys.oldWorks", { last4, time: dateTime(works_until, locale()) })}
                </span>
            ))}
            {onEnd && (
                <Button
                    size="small"
                    class="mt-1"
                    aria-label={t("keys.endOldNamed", { name })}
                    onClick={() => onEnd(apiKey)}
                >
                    {t("keys.endOld")}
                </Button>
            )}
        </span>
    );
}

interface EndOldProps {
    chosen: Key;
    onClose: () => void;
    onDone: () => void;
}

export function EndOld({ chosen, onClose, onDone }: EndOldProps) {
    const { name } = chosen;
    const { run, isBusy, error } = useAction(async () => {
        await endOldSecrets(chosen.id);
        announce(t("keys.endedOld", { name }));
        onDone();
    });
    return (
        <Confirm
            title={t("keys.endOldNamed", { name })}
            action={t("keys.endOld")}
            isBusy={isBusy}
            error={error}
            onConfirm={run}
            onClose={onClose}
        >
            <p>{t("keys.endOldText")}</p>
        </Confirm>
    );
}
