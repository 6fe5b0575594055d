// How long a request took: until its first byte, and in all. An answer in one piece is charged before
// it is sent, so its record knows no first byte.
import type { UsageRecord } from "../api/types";
import { duration } from "../base/time";
import { t } from "../i18n";

export function Timing({ record }: { record: Pick<UsageRecord, "first_byte_ms" | "total_ms"> }) {
    const first = record.first_byte_ms;
    const total = Math.max(record.total_ms, 1);
    const waited = first === null ? 0 : Math.min(100, (first / total) * 100);
    return (
        <div>
            <svg
                viewBox="0 0 100 4"
                preserveAspectRatio="none"
                class="h-3 w-full"
                aria-hidden="true"
            >
                <rect width="100" height="4" class="fill-sunken" />
                <rect width={waited} height="4" class="fill-chart-5" />
                <rect x={waited} width={100 - waited} height="4" class="fill-chart-1" />
            </svg>
            <dl class="mt-3 grid grid-cols-3 gap-3 text-sm">
                {first !== null && (
                    <>
                        <Part
                            dot="bg-chart-5"
                            name={t("request.firstByte")}
                            value={duration(first)}
                        />
                        <Part
                            dot="bg-chart-1"
                            name={t("request.answering")}
                            value={duration(Math.max(0, record.total_ms - first))}
                        />
                    </>
                )}
                <Part name={t("request.total")} value={duration(record.total_ms)} />
            </dl>
        </div>
    );
}

function Part({ dot, name, value }: { dot?: string; name: string; value: string }) {
    return (
        <div>
            <dt class="flex items-center gap-1.5 text-soft">
                {dot && <span class={`size-2.5 shrink-0 rounded-sm ${dot}`} />}
                {name}
            </dt>
            <dd class="figures font-medium">{value}</dd>
        </div>
    );
}
