import type { ComponentChildren } from "preact";
import {
    getPolicies,
    getPrices,
    type Policies as PoliciesInForce,
    type PriceRow,
} from "../../api/admin";
import type { Unit } from "../../api/types";
import { exactDecimal } from "../../base/money";
import { count } from "../../base/number";
import { exactTime } from "../../base/time";
import { locale, t } from "../../i18n";
import { useEvery } from "../../state/every";
import { usePager, useWalk } from "../../state/pages";
import { useResource } from "../../state/resource";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card, Page } from "../../ui/card";
import { CopyButton } from "../../ui/copy";
import { Empty } from "../../ui/empty";
import { Facts } from "../../ui/facts";
import { Time } from "../../ui/figure";
import { Failure, Notice } from "../../ui/notice";
import { type Column, Pager, Table } from "../../ui/table";
import { OtherPrices, UNITS } from "../../ui/units";
import { Replay } from "./replay";
import { Trials } from "./trials";

const RELOAD_MS = 5000;

export function Policies() {
    const policies = useResource("policies", getPolicies);
    useEvery(RELOAD_MS, policies.reload);
    const data = policies.data;
    return (
        <Page title={t("nav.policies")} lead={t("policies.lead")}>
            <Failure error={policies.error} />
            {data?.refused && <Refused refused={data.refused} />}
            <div class="grid items-start gap-5 lg:grid-cols-2">
                <InForce policies={data} />
                <Files files={data?.files} />
            </div>
            <PriceTable revision={data?.revision ?? ""} below={<Below policies={data} />} />
        </Page>
    );
}

function Below({ policies }: { policies: PoliciesInForce | undefined }) {
    return (
        <>
            <Replay policies={policies} />
            <Trials />
        </>
    );
}

function Refused({ refused }: { refused: NonNullable<PoliciesInForce["refused"]> }) {
    const { file, line, at, reason } = refused;
    const where = file && (line === null ? file : `${file}:${line}`);
    return (
        <Notice tone="bad" title={t("policies.refused")} isAlert>
            <p class="text-sm">{exactTime(at, locale())}</p>
            <pre class="mt-1.5 font-mono text-sm whitespace-pre-wrap">
                {where && <strong>{where}: </strong>}
                {reason}
            </pre>
            <p class="mt-1.5">{t("policies.refusedText")}</p>
            <Button size="small" class="mt-2" onClick={showReplay}>
                {t("replay.show")}
            </Button>
        </Notice>
    );
}

function showReplay(): void {
    document.getElementById("replay")?.scrollIntoView();
}

function InForce({ policies }: { policies: PoliciesInForce | undefined }) {
    const facts = [
        {
            name: t("policies.revision"),
            value: policies && (
                <code class="block truncate text-sm" title={policies.revision}>
                    {policies.revision}
                </code>
            ),
        },
        { name: t("policies.loaded"), value: policies && <Time time={policies.loaded_at} /> },
        {
            name: t("policies.folder"),
            value: policies && (
                <code class="block truncate text-sm" title={policies.folder}>
                    {policies.folder}
                </code>
            ),
        },
        { name: t("nav.models"), value: policies && count(policies.models, locale()) },
    ];
    return (
        <Card
            title={t("policies.inForce")}
            actions={
                <CopyButton
                    text={() => policies?.revision ?? ""}
                    label={t("policies.copyRevision")}
                />
            }
        >
            <Facts facts={facts} />
        </Card>
    );
}

type File = PoliciesInForce["files"][number];

function Files({ files }: { files: File[] | undefined }) {
    const columns: Column<File>[] = [
        { id: "name", head: t("policies.file"), isTitle: true, cell: ({ name }) => name },
        {
            id: "bytes",
            head: t("policies.bytes"),
            isNumber: true,
            cell: ({ bytes }) => count(bytes, locale()),
        },
        {
            id: "sha256",
            head: "SHA-256",
            cell: ({ sha256 }) => (
                <code class="text-sm" title={sha256}>
                    {sha256.slice(0, 12)}…
                </code>
            ),
        },
    ];
    return (
        <Card title={t("policies.files")} flush>
            <Table
                caption={t("policies.files")}
                columns={columns}
                rows={files}
                rowKey={({ name }) => name}
                bones={6}
            />
        </Card>
    );
}

/** The prices of the revision in force; another revision is another table. What stands below comes
    with the first rows: nobody knows how many they will be, and it must not move under a click. */
function PriceTable({ revision, below }: { revision: string; below: ComponentChildren }) {
    const key = `prices ${revision}`;
    const walk = useWalk(key);
    const page = useResource(
        `${key} ${walk.cursor}`,
        (signal) => getPrices({ cursor: walk.cursor }, signal),
        { keep: true },
    );
    const pager = usePager(walk, page);
    const table = (
        <Card title={t("policies.prices")} note={t("policies.pricesNote")} flush>
            <Failure error={page.error} retry={page.reload} />
            {page.data?.data.length === 0 ? (
                <Empty icon="models" title={t("models.empty")} />
            ) : (
                <Table
                    caption={t("policies.prices")}
                    columns={priceColumns()}
                    rows={page.data?.data}
                    isStale={page.isOld}
                    rowKey={(row) => `${row.model} ${row.place ?? row.trial} ${row.provider}`}
                />
            )}
            <Pager {...pager} />
        </Card>
    );
    return (
        <>
            {table}
            {(page.data ?? page.error) && below}
        </>
    );
}

function priceColumns(): Column<PriceRow>[] {
    const prices = (id: "buy" | "sell", head: string): Column<PriceRow> => ({
        id,
        head,
        isNumber: true,
        cell: (row) => (
            <>
                <PriceList prices={row[id]} />
                {id === "buy" && row.when.map((line) => <Condition key={line} line={line} />)}
            </>
        ),
    });
    return [
        {
            id: "model",
            head: t("request.model"),
            isTitle: true,
            cell: ({ model }) => <span class="font-medium">{model}</span>,
        },
        { id: "provider", head: t("request.provider"), cell: (row) => <Candidate {...row} /> },
        prices("buy", t("policies.buy")),
        {
            id: "margin",
            head: t("ours.margin"),
            isNumber: true,
            cell: (row) => <Margins {...row} />,
        },
        prices("sell", t("policies.sell")),
    ];
}

/** Below zero is a loss. */
function Margin({ margin }: { margin: string }) {
    return <span class={margin.startsWith("-") ? "font-medium text-bad" : ""}>{margin}</span>;
}

function Margins({ margin, margins, margin_error }: PriceRow) {
    if (margin === null) {
        return <>{margin_error ?? "–"}</>;
    }
    return (
        <>
            <Margin margin={margin} />
            {margins.length > 0 && (
                <ul
                    aria-label={t("policies.margins")}
                    class="mt-0.5 text-sm text-soft md:whitespace-normal"
                >
                    {margins.map(({ when, margin: left, loss }) => (
                        <li key={when}>
                            <Margin margin={left} /> {when ?? t("policies.plain")}
                            {loss && `: ${t("policies.loss", { unit: unitName(loss) })}`}
                        </li>
                    ))}
                </ul>
            )}
        </>
    );
}

function unitName(unit: string): string {
    const key = UNITS[unit as Unit];
    return key ? t(key) : unit;
}

function Candidate(row: PriceRow) {
    const { place, trial, share, provider, upstream_model, available, unavailable_reason } = row;
    return (
        <>
            {place !== null && <span class="mr-1.5 text-soft">{place}.</span>}
            {trial && (
                <span class="mr-1.5 text-soft">
                    {t(`trials.role.${trial}`)} {share}
                </span>
            )}
            {provider ?? "–"}
            {!available && (
                <span class="ml-1.5" title={unavailable_reason ?? undefined}>
                    <Badge tone="warn">{t("models.unavailable")}</Badge>
                </span>
            )}
            {upstream_model && (
                <span class="block font-mono text-sm text-soft">{upstream_model}</span>
            )}
        </>
    );
}

/** As `llm-gateway check` prints it. */
function Condition({ line }: { line: string }) {
    return <span class="block text-sm whitespace-normal text-soft">{line}</span>;
}

function PriceList({ prices }: { prices: PriceRow["buy"] }) {
    if (!prices) {
        return <Badge tone="warn">{t("policies.noPrice")}</Badge>;
    }
    const { input, cached_input, output } = prices;
    return (
        <>
            {exactDecimal(input)} / {exactDecimal(cached_input)} / {exactDecimal(output)}
            <OtherPrices prices={prices} />
        </>
    );
}
