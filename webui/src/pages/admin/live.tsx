// What the gateway does at this moment, from its memory, every two seconds.
import { getLive, type Live } from "../../api/admin";
import { glance, usd } from "../../base/money";
import { count, percent, rate } from "../../base/number";
import { duration, relative } from "../../base/time";
import { locale, t } from "../../i18n";
import { useEvery } from "../../state/every";
import { useResource } from "../../state/resource";
import { LiveBadge } from "../../ui/live";
import { Failure, Notice } from "../../ui/notice";
import { Bone } from "../../ui/skeleton";
import { Stat } from "../../ui/stat";

const EVERY_MS = 2000;

function errorsOf(live: Live): string {
    const errors = live.client_errors + live.server_errors;
    return percent(live.requests > 0 ? errors / live.requests : 0, locale());
}

function ms(value: number | null): string {
    return value === null ? "–" : duration(value);
}

function requests(live: Live): string {
    const n = count(live.requests_open, locale());
    const waiting = count(live.requests_waiting, locale());
    return live.requests_waiting > 0
        ? t("live.waiting", { n, waiting })
        : t("live.requests", { n });
}

export function LiveTiles() {
    const live = useResource("admin live", getLive);
    useEvery(EVERY_MS, live.reload);
    const data = live.data;
    const bone = <Bone class="h-4 w-20" />;
    const number = (value: number) => count(value, locale());
    return (
        <section aria-label={t("live.title")} class="flex flex-col gap-3">
            <div class="flex flex-wrap items-center gap-2 text-sm text-soft">
                <LiveBadge />
                {data &&
                    t("live.since", {
                        time: relative(data.started_at, new Date(data.now).getTime(), locale()),
                        n: number(data.workers),
                    })}
            </div>
            <Failure error={live.error} retry={live.reload} />
            {data && !data.database_writable && (
                <Notice tone="bad" isAlert>
                    {t("live.notWritable")}
                </Notice>
            )}
            <div class="grid grid-cols-2 gap-3 sm:gap-4 lg:grid-cols-5">
                <Stat
                    label={t("live.rate")}
                    value={data && rate(data.rate_requests / data.rate_s, locale())}
                    note={data ? t("live.window", { n: data.rate_s }) : bone}
                />
                <Stat
                    isNoteLong
                    label={t("live.errors")}
                    value={data && errorsOf(data)}
                    note={
                        data
                            ? t("live.errorKinds", {
                                  client: number(data.client_errors),
                                  server: number(data.server_errors),
                                  n: data.window_s,
                              })
                            : bone
                    }
                />
                <Stat
                    label={t("request.firstByte")}
                    value={data && ms(data.first_byte_ms.p50)}
                    note={data ? t("live.p95", { time: ms(data.first_byte_ms.p95) }) : bone}
                />
                <Stat
                    label={t("live.streams")}
                    value={data && number(data.streams_open)}
                    note={data ? requests(data) : bone}
                />
                <Stat
                    class="max-lg:col-span-2"
                    label={t("live.holds")}
                    value={data && number(data.holds_open)}
                    note={data ? t("live.held", { amount: glance(usd(data.held)) }) : bone}
                />
            </div>
        </section>
    );
}
