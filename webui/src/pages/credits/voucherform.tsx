import { useState } from "preact/hooks";
import { redeemVoucher } from "../../api/vouchers";
import { exact, usd } from "../../base/money";
import { t } from "../../i18n";
import { errorOf, errorOfNone, useAction } from "../../state/action";
import { announce } from "../../state/announce";
import { hurry } from "../../state/pulse";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { TextField } from "../../ui/field";
import { Failure } from "../../ui/notice";

export function VoucherForm() {
    const [code, setCode] = useState("");
    const { run, isBusy, error } = useAction(async () => {
        const { transfer } = await redeemVoucher(code.trim());
        announce(t("credits.added", { amount: exact(usd(transfer.amount)) }));
        setCode("");
        hurry();
    });
    const onSubmit = (event: Event) => {
        event.preventDefault();
        run();
    };
    return (
        <Card title={t("vouchers.redeemTitle")}>
            <form class="flex flex-wrap items-end gap-3" onSubmit={onSubmit}>
                <TextField
                    class="w-64"
                    label={t("vouchers.code")}
                    placeholder="XXXX-XXXX-XXXX-XXXX"
                    autocomplete="off"
                    spellcheck={false}
                    required
                    maxLength={64}
                    value={code}
                    onValue={setCode}
                    error={errorOf(error, "code") && t("vouchers.noCode")}
                />
                <Button type="submit" busy={isBusy}>
                    {t("vouchers.redeem")}
                </Button>
            </form>
            <div class="mt-3 empty:hidden">
                <Failure error={errorOfNone(error, "code")} />
            </div>
        </Card>
    );
}
