// The days of a period that the viewer chooses; they stand in the address.
import { t } from "../i18n";
import { setQuery } from "../state/router";
import { TextField } from "./field";

export function PeriodDays({ first, last }: { first: string; last: string }) {
    return (
        <>
            <TextField
                label={t("usage.first")}
                type="date"
                value={first}
                max={last}
                onValue={(value) => setQuery({ first: value })}
            />
            <TextField
                label={t("usage.last")}
                type="date"
                value={last}
                min={first}
                onValue={(value) => setQuery({ last: value })}
            />
        </>
    );
}
