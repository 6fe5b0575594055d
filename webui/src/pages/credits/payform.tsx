import { useState } from "preact/hooks";
import { beginPayment, type Currency, openPortal, type PaymentOptions } from "../../api/payments";
import { amountIn, creditOf, typedAmount } from "../../base/currency";
import { exact } from "../../base/money";
import { locale, t } from "../../i18n";
import { errorOf, errorOfNone, useAction } from "../../state/action";
import { useOnce } from "../../state/once";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { CheckField, TextField } from "../../ui/field";
import { Failure } from "../../ui/notice";
import { CurrencyField } from "./currencyfield";

/** The customer leaves for the processor's page; what is paid there is credited by its event. */
export function PayForm({ options }: { options: PaymentOptions }) {
    const [code, setCode] = useState(options.currencies[0]?.currency ?? "");
    const currency = options.currencies.find((it) => it.currency === code);
    if (!currency) {
        return null;
    }
    return (
        <Card title={t("credits.add")} note={options.live ? undefined : t("payments.testMode")}>
            <CurrencyField
                class="mb-4 w-44"
                currencies={options.currencies}
                value={code}
                onValue={setCode}
            />
            <AmountForm key={code} options={options} currency={currency} />
        </Card>
    );
}

interface AmountProps {
    options: PaymentOptions;
    currency: Currency;
}

function AmountForm({ options, currency }: AmountProps) {
    const [typed, setTyped] = useState(currency.offers[0]?.amount ?? currency.min);
    const [keeps, setKeeps] = useState(false);
    const credit = creditOf(typed, currency);
    const once = useOnce();
    const { run, isBusy, error } = useAction(async () => {
        const amount = typedAmount(typed, currency.decimals) ?? typed;
        const form = { currency: currency.currency, amount, save_card: keeps };
        const payment = await once((key) => beginPayment(form, key));
        if (payment.checkout_url) {
            window.location.assign(payment.checkout_url);
        }
    });
    const portal = useAction(async () => window.location.assign((await openPortal()).url));
    const text = (amount: string) => amountIn(currency.currency, amount, locale());
    const onSubmit = (event: Event) => {
        event.preventDefault();
        run();
    };
    return (
        <form class="space-y-4" onSubmit={onSubmit}>
            <div class="flex flex-wrap items-start gap-3">
                <TextField
                    class="w-44"
                    label={t("payments.amountIn", { currency: currency.currency.toUpperCase() })}
                    hint={t("payments.between", {
                        min: text(currency.min),
                        max: text(currency.max),
                    })}
                    inputMode="decimal"
                    required
                    value={typed}
                    onValue={setTyped}
                    error={errorOf(error, "amount")}
                />
                <div class="flex flex-wrap gap-1.5 sm:mt-7.5">
                    {currency.offers.map(({ amount }) => (
                        <Button
                            key={amount}
                            aria-pressed={typed === amount}
                            onClick={() => setTyped(amount)}
                        >
                            {text(amount)}
                        </Button>
                    ))}
                </div>
            </div>
            {credit !== null && (
                <p>
                    {t("payments.youGet", { credit: exact(credit) })}
                    {options.automatic_tax && ` ${t("payments.taxAdded")}`}
                </p>
            )}
            {options.automatic_top_ups && (
                <CheckField label={t("payments.keepCard")} checked={keeps} onChecked={setKeeps} />
            )}
            <div class="flex flex-wrap gap-3">
                <Button type="submit" kind="primary" busy={isBusy}>
                    {t("payments.pay")}
                </Button>
                {options.has_portal && (
                    <Button busy={portal.isBusy} onClick={() => portal.run()}>
                        {t("payments.portal")}
                    </Button>
                )}
            </div>
            <Failure error={errorOfNone(error, "amount") ?? portal.error} />
        </form>
    );
}
