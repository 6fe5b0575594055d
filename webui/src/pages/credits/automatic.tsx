import { useState } from "preact/hooks";
import { endTopUp, type PaymentOptions, setTopUp } from "../../api/payments";
import { amountIn, typedAmount } from "../../base/currency";
import { exact, plain, typedUsd, usd } from "../../base/money";
import { locale, t } from "../../i18n";
import { errorOf, errorOfNone, useAction } from "../../state/action";
import { announce } from "../../state/announce";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { TextField } from "../../ui/field";
import { Failure, Notice } from "../../ui/notice";
import { CurrencyField } from "./currencyfield";

interface Props {
    options: PaymentOptions;
    onChange: () => void;
}

/** A kept card is charged when the balance gets low. */
export function Automatic({ options, onChange }: Props) {
    const wish = options.automatic;
    const [isOpen, setOpen] = useState(false);
    const end = useAction(async () => {
        await endTopUp();
        announce(t("automatic.ended"));
        onChange();
    });
    if (options.card === null && wish === null) {
        return (
            <Card title={t("automatic.title")}>
                <p class="text-soft">{t("automatic.noCard")}</p>
            </Card>
        );
    }
    return (
        <Card title={t("automatic.title")} note={options.card || undefined}>
            {wish?.paused && (
                <Notice tone="warn" title={t("automatic.paused")}>
                    {wish.paused}
                </Notice>
            )}
            {wish && (
                <p class="mb-3">
                    {t("automatic.now", {
                        threshold: exact(usd(wish.threshold)),
                        credit: exact(usd(wish.credit)),
                        amount: amountIn(wish.currency, wish.amount, locale()),
                        most: amountIn(wish.currency, wish.month_max, locale()),
                    })}
                </p>
            )}
            {options.automatic_tax && <p class="mb-3 text-soft">{t("automatic.taxAdded")}</p>}
            {isOpen ? (
                <WishForm
                    options={options}
                    onDone={() => {
                        setOpen(false);
                        onChange();
                    }}
                />
            ) : (
                <div class="flex flex-wrap gap-3">
                    {options.card !== null && (
                        <Button onClick={() => setOpen(true)}>
                            {t(wish ? "automatic.change" : "automatic.set")}
                        </Button>
                    )}
                    {wish && (
                        <Button busy={end.isBusy} onClick={() => end.run()}>
                            {t("automatic.end")}
                        </Button>
                    )}
                </div>
            )}
            <Failure error={end.error} />
        </Card>
    );
}

function WishForm({ options, onDone }: { options: PaymentOptions; onDone: () => void }) {
    const wish = options.automatic;
    const [code, setCode] = useState(wish?.currency ?? options.currencies[0]?.currency ?? "usd");
    const currency = options.currencies.find((it) => it.currency === code);
    const [threshold, setThreshold] = useState(wish ? plain(usd(wish.threshold)) : "5.00");
    const [amount, setAmount] = useState(wish?.amount ?? currency?.offers[0]?.amount ?? "");
    const [most, setMost] = useState(wish?.month_max ?? "");
    const { run, isBusy, error } = useAction(async () => {
        const typed = typedUsd(threshold);
        const decimals = currency?.decimals ?? 2;
        await setTopUp({
            threshold: typed === null ? threshold : plain(typed),
            currency: code,
            amount: typedAmount(amount, decimals) ?? amount,
            month_max: typedAmount(most, decimals) ?? most,
        });
        announce(t("automatic.saved"));
        onDone();
    });
    const onSubmit = (event: Event) => {
        event.preventDefault();
        run();
    };
    const upper = { currency: code.toUpperCase() };
    return (
        <form class="space-y-4" onSubmit={onSubmit}>
            <div class="flex flex-wrap items-start gap-3">
                <TextField
                    class="w-52"
                    label={t("automatic.threshold")}
                    inputMode="decimal"
                    required
                    value={threshold}
                    onValue={setThreshold}
                    error={errorOf(error, "threshold")}
                />
                <CurrencyField
                    class="w-32"
                    currencies={options.currencies}
                    value={code}
                    onValue={setCode}
                />
                <TextField
                    class="w-44"
                    label={t("automatic.amount", upper)}
                    inputMode="decimal"
                    required
                    value={amount}
                    onValue={setAmount}
                    error={errorOf(error, "amount")}
                />
                <TextField
                    class="w-52"
                    label={t("automatic.most", upper)}
                    hint={t("automatic.mostHint")}
                    inputMode="decimal"
                    required
                    value={most}
                    onValue={setMost}
                    error={errorOf(error, "month_max")}
                />
            </div>
            <Button type="submit" kind="primary" busy={isBusy}>
                {t("automatic.save")}
            </Button>
            <Failure error={errorOfNone(error, "threshold", "amount", "month_max")} />
        </form>
    );
}
