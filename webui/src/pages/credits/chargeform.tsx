import { useState } from "preact/hooks";
import { chargeCredits } from "../../api/resources";
import { exact, plain, typedUsd } from "../../base/money";
import { t } from "../../i18n";
import { errorOf, errorOfNone, useAction } from "../../state/action";
import { announce } from "../../state/announce";
import { useOnce } from "../../state/once";
import { hurry } from "../../state/pulse";
import { site } from "../../state/site";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Contact } from "../../ui/contact";
import { TextField } from "../../ui/field";
import { Failure, Notice } from "../../ui/notice";
import { Payments } from "./payments";

const PRESETS = ["5", "10", "25", "100"];

/** `version`: of the pulse. A card that is kept and a payment that fails change no balance. */
export function ChargeForm({ version }: { version: string }) {
    switch (site.value?.payments) {
        case "test":
            return <TestCharge />;
        case "stripe":
            return <Payments version={version} />;
        default:
            return (
                <Card title={t("credits.add")}>
                    <Notice>
                        <p>{t("error.payments_disabled")}</p>
                        <Contact class="mt-0.5" />
                    </Notice>
                </Card>
            );
    }
}

/** payments = test: credits that nobody has paid for, and the page says so. */
function TestCharge() {
    const [typed, setTyped] = useState("10");
    const amount = typedUsd(typed);
    const once = useOnce();
    const { run, isBusy, error } = useAction(async () => {
        const text = amount === null ? typed : plain(amount);
        await once((key) => chargeCredits(text, key));
        announce(t("credits.added", { amount: amount === null ? typed : exact(amount) }));
        hurry();
    });
    const onSubmit = (event: Event) => {
        event.preventDefault();
        run();
    };
    return (
        <Card title={t("credits.add")} note={t("credits.testNote")}>
            <form class="flex flex-wrap items-end gap-3" onSubmit={onSubmit}>
                <TextField
                    class="w-44"
                    label={t("credits.amount")}
                    inputMode="decimal"
                    required
                    value={typed}
                    onValue={setTyped}
                    error={errorOf(error, "amount")}
                />
                <div class="flex gap-1.5">
                    {PRESETS.map((preset) => (
                        <Button
                            key={preset}
                            aria-pressed={typed === preset}
                            onClick={() => setTyped(preset)}
                        >
                            ${preset}
                        </Button>
                    ))}
                </div>
                <Button type="submit" kind="primary" busy={isBusy}>
                    {amount === null
                        ? t("credits.add")
                        : t("credits.addAmount", { amount: exact(amount) })}
                </Button>
            </form>
            <div class="mt-3 empty:hidden">
                <Failure error={errorOfNone(error, "amount")} />
            </div>
        </Card>
    );
}
