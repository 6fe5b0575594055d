import type { Sums } from "../../api/types";
import { exact, glance, usd } from "../../base/money";
import { compact, count } from "../../base/number";
import { locale, t } from "../../i18n";
import { Bone } from "../../ui/skeleton";
import { Stat } from "../../ui/stat";
import { errorsText } from "./errorstext";
import { tokensOf } from "../home/sums";

export function Totals({ sums }: { sums: Sums | undefined }) {
    const note = (text: string | undefined) => text ?? <Bone class="h-4 w-24" />;
    const language = locale();
    return (
        <div class="grid grid-cols-2 gap-3 sm:gap-4 lg:grid-cols-4">
            <Stat
                label={t("usage.cost")}
                value={sums && glance(usd(sums.cost))}
                note={note(sums && exact(usd(sums.cost)))}
            />
            <Stat
                label={t("usage.requests")}
                value={sums && count(sums.requests, language)}
                note={note(sums && errorsText(sums))}
            />
            <Stat
                label={t("usage.inputTokens")}
                value={sums && compact(sums.input_tokens + sums.cached_input_tokens, language)}
                note={note(
                    sums && t("usage.cached", { n: count(sums.cached_input_tokens, language) }),
                )}
            />
            <Stat
                label={t("usage.outputTokens")}
                value={sums && compact(sums.output_tokens, language)}
                note={note(sums && t("usage.allTokens", { n: count(tokensOf(sums), language) }))}
            />
        </div>
    );
}
