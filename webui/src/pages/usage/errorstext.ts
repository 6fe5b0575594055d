import type { Sums } from "../../api/types";
import { count, percent } from "../../base/number";
import { locale, t } from "../../i18n";

/** "3 errors (0.4%)" */
export function errorsText({ requests, errors }: Pick<Sums, "requests" | "errors">): string {
    const share = percent(requests > 0 ? errors / requests : 0, locale());
    return t("usage.errors", { n: count(errors, locale()), share });
}
