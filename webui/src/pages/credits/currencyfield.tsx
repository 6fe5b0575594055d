import type { Currency } from "../../api/payments";
import { t } from "../../i18n";
import { SelectField } from "../../ui/field";

interface Props {
    class: string;
    currencies: readonly Currency[];
    value: string;
    onValue: (code: string) => void;
}

/** Nothing where there is only one. */
export function CurrencyField({ class: extra, currencies, value, onValue }: Props) {
    if (currencies.length < 2) {
        return null;
    }
    const choices = currencies.map(({ currency }) => ({
        value: currency,
        text: currency.toUpperCase(),
    }));
    return (
        <SelectField
            class={extra}
            label={t("payments.currency")}
            value={value}
            choices={choices}
            onValue={onValue}
        />
    );
}
