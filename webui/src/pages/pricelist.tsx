// A price list with its search: of the user who is signed in, and of everybody.
import type { Model } from "../api/types";
import { talks, tasksOf } from "../base/endpoints";
import { exactDecimal } from "../base/money";
import { actionOn } from "../base/names";
import { compact, count } from "../base/number";
import { type PlainKey, locale, t } from "../i18n";
import type { Resource } from "../state/resource";
import { place, setQuery } from "../state/router";
import { Badge } from "../ui/badge";
import { ButtonLink } from "../ui/button";
import { Card } from "../ui/card";
import { CopyButton } from "../ui/copy";
import { Empty } from "../ui/empty";
import { SelectField, TextField } from "../ui/field";
import { Failure } from "../ui/notice";
import { type Column, Table } from "../ui/table";
import { OtherPrices, PriceConditions } from "../ui/units";
import { fits, type PriceSort, PRICE_SORTS, readSort, sorted } from "./pricesort";

const CAPABILITIES: Record<string, PlainKey> = {
    audio: "capability.audio",
    files: "capability.files",
    json_mode: "capability.json_mode",
    json_schema: "capability.json_schema",
    logprobs: "capability.logprobs",
    reasoning: "capability.reasoning",
    tools: "capability.tools",
    vision: "capability.vision",
};

interface PriceListProps {
    caption: string;
    models: Resource<Model[]>;
    canTry: boolean; // in the playground, which needs a session
}

export function PriceList({ caption, models, canTry }: PriceListProps) {
    const search = place.value.query.get("search") ?? "";
    const sort = readSort(place.value.query.get("sort"));
    const fitting = models.data?.filter((model) => fits(model, search));
    const found = fitting && sorted(fitting, sort);
    return (
        <>
            <Failure error={models.error} retry={models.reload} />
            <Card flush>
                <div class="flex flex-wrap gap-3 p-4 pt-4">
                    <TextField
                        class="w-full sm:w-sm"
                        label={t("models.search")}
                        hideLabel
                        type="search"
                        placeholder={t("models.search")}
                        value={search}
                        onValue={(text) => setQuery({ search: text })}
                    />
                    <SortField sort={sort} />
                </div>
                {found?.length === 0 ? (
                    <Empty icon="models" title={search ? t("models.notFound") : t("models.empty")}>
                        {search ? t("models.notFoundText") : t("models.emptyText")}
                    </Empty>
                ) : (
                    <Table
                        caption={caption}
                        columns={modelColumns(canTry)}
                        rows={found}
                        rowKey={(model) => model.id}
                        rowName={(model) => model.id}
                    />
                )}
            </Card>
            <p class="text-sm text-soft">{t("models.note")}</p>
        </>
    );
}

function SortField({ sort }: { sort: PriceSort }) {
    return (
        <SelectField
            label={t("models.sort")}
            hideLabel
            value={sort}
            choices={PRICE_SORTS.map((value) => ({ value, text: t(`models.sort.${value}`) }))}
            onValue={(value) => setQuery({ sort: value === "name" ? null : value })}
        />
    );
}

function modelColumns(canTry: boolean): Column<Model>[] {
    const price = (id: "input" | "cached_input", head: string): Column<Model> => ({
        id,
        head,
        isNumber: true,
        cell: (model) => exactDecimal(model.pricing[id]),
    });
    return [
        {
            id: "model",
            head: t("request.model"),
            isTitle: true,
            cell: (model) => <Name {...model} />,
        },
        {
            id: "context",
            head: t("models.context"),
            isNumber: true,
            cell: (model) => <Context {...model} />,
        },
        {
            id: "capabilities",
            head: t("models.capabilities"),
            cell: (model) => <Capabilities {...model} />,
        },
        price("input", t("models.input")),
        price("cached_input", t("models.cached")),
        {
            id: "output",
            head: t("models.output"),
            isNumber: true,
            cell: ({ pricing }) => (
                <>
                    {exactDecimal(pricing.output)}
                    <OtherPrices prices={pricing} />
                    <PriceConditions prices={pricing} />
                </>
            ),
        },
        {
            id: "actions",
            head: t("keys.actions"),
            hideHead: true,
            isNumber: true,
            cell: (model, name) => (
                <Actions id={model.id} name={name} canTry={canTry && tasksOf(model).length > 0} />
            ),
        },
    ];
}

function Name({ id, name, available }: Model) {
    return (
        <span>
            <span class="font-medium md:whitespace-nowrap">{name}</span>{" "}
            {!available && <Badge tone="warn">{t("models.unavailable")}</Badge>}
            <span class="block font-mono text-sm font-normal text-soft md:whitespace-nowrap">
                {id}
            </span>
        </span>
    );
}

function Context({ context_length, max_output_tokens }: Model) {
    const output = count(max_output_tokens, locale());
    const whole = context_length === null ? "–" : count(context_length, locale());
    return (
        <span title={`${whole} / ${output}`}>
            {context_length === null ? "–" : compact(context_length, locale())}
            {max_output_tokens > 1 && (
                <span class="block text-sm whitespace-nowrap text-soft">
                    {t("models.maxOutput", { n: compact(max_output_tokens, locale()) })}
                </span>
            )}
        </span>
    );
}

/** What it can, and where it answers, if that is not a conversation. */
function Capabilities(model: Model) {
    const names = model.capabilities.map((name) => {
        const key = CAPABILITIES[name];
        return key ? t(key) : name;
    });
    const all = [...names, ...(talks(model) ? [] : model.supported_endpoints)];
    if (all.length === 0) {
        return <>–</>;
    }
    return (
        <span class="inline-flex flex-wrap gap-1">
            {all.map((name) => (
                <Badge key={name}>{name}</Badge>
            ))}
        </span>
    );
}

interface ActionsProps {
    id: string;
    name: string;
    canTry: boolean;
}

function Actions({ id, name, canTry }: ActionsProps) {
    return (
        <span class="inline-flex gap-1">
            <CopyButton text={id} label={t("action.copy")} name={name} kind="quiet" />
            {canTry && (
                <ButtonLink
                    size="small"
                    label={actionOn(t("models.try"), name)}
                    href={`/dashboard/playground?model=${encodeURIComponent(id)}`}
                >
                    {t("models.try")}
                </ButtonLink>
            )}
        </span>
    );
}
