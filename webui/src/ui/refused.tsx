// Calls that were refused before there was anything to be charged.
import type { RefusedRequest } from "../api/types";
import { count } from "../base/number";
import { locale, t, textNamed } from "../i18n";
import { Notice } from "./notice";
import { requestColumns } from "./requests";
import type { Column } from "./table";

/** A sentence about the code; the code itself where there is none. */
export function whyRefused(code: string | null): string {
    return textNamed(`error.${code}`) ?? code ?? "";
}

/** `base` is the address above a request's own page. */
export function refusedColumns(base: string): Column<RefusedRequest>[] {
    const [time, model, key, status] = requestColumns(base) as Column<RefusedRequest>[];
    const shown = [time, model, key, status].filter((column) => column !== undefined);
    return [
        ...shown.map((column) =>
            column.id === "model"
                ? { ...column, cell: ({ model }: RefusedRequest) => model || "–" }
                : column,
        ),
        {
            id: "why",
            head: t("refused.why"),
            cell: (record) => (
                <>
                    {whyRefused(record.error_code)}
                    <span class="block font-mono text-sm text-soft">{record.error_code}</span>
                </>
            ),
        },
    ];
}

/** A client that asks in a loop is not listed call by call. */
export function LeftOut({ number }: { number: number | undefined }) {
    return number ? (
        <div class="px-5 pt-4">
            <Notice tone="warn">{t("refused.leftOut", { n: count(number, locale()) })}</Notice>
        </div>
    ) : null;
}
