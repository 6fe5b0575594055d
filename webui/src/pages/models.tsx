import { getModels } from "../api/resources";
import type { Model } from "../api/types";
import { exactDecimal } from "../base/money";
import { compact, count } from "../base/number";
import { type PlainKey, locale, t } from "../i18n";
import { useResource } from "../state/resource";
import { place, setQuery } from "../state/router";
import { Badge } from "../ui/badge";
import { ButtonLink } from "../ui/button";
import { Card, Page } from "../ui/card";
import { CopyButton } from "../ui/copy";
import { Empty } from "../ui/empty";
import { TextField } from "../ui/field";
import { Failure } from "../ui/notice";
import { type Column, Table } from "../ui/table";
import { OtherPrices, PriceConditions } from "../ui/units";

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

export function Models() {
    const models = useResource("models", getModels);
    const search = place.value.query.get("search") ?? "";
    const found = models.data?.filter((model) => fits(model, search));
    return (
        <Page title={t("nav.models")} lead={t("models.lead")}>
            <Failure error={models.error} retry={models.reload} />
            <Card flush>
                <div class="p-4 pt-4">
                    <TextField
                        class="sm:max-w-sm"
                        label={t("models.search")}
                        hideLabel
                        type="search"
                        placeholder={t("models.search")}
                        value={search}
                        onValue={(text) => setQuery({ search: text })}
                    />
                </div>
                {found?.length === 0 ? (
                    <Empty icon="models" title={search ? t("models.notFound") : t("models.empty")}>
                        {search ? t("models.notFoundText") : t("models.emptyText")}
                    </Empty>
                ) : (
                    <Table
                        caption={t("nav.models")}
                        columns={modelColumns()}
                        rows={found}
                        rowKey={(model) => model.id}
                    />
                )}
            </Card>
            <p class="text-sm text-soft">{t("models.note")}</p>
        </Page>
    );
}

/** All words of the search are somewhere in the model's name, maker or capabilities. */
export function fits(model: Model, search: string): boolean {
    const text = [model.id, model.name, model.owned_by, ...model.capabilities]
        .join(" ")
        .toLowerCase();
    return search
        .toLowerCase()
        .split(/\s+/)
        .every((word) => text.includes(word));
}

function modelColumns(): Column<Model>[] {
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
            cell: (model) => <Capabilities names={model.capabilities} />,
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
            cell: (model) => <Actions {...model} />,
        },
    ];
}

function Name({ id, name, available }: Model) {
    return (
        <span class="md:whitespace-nowrap">
            <span class="font-medium">{name}</span>{" "}
            {!available && <Badge tone="warn">{t("models.unavailable")}</Badge>}
            <span class="block font-mono text-sm font-normal text-soft">{id}</span>
        </span>
    );
}

function Context({ context_length, max_output_tokens }: Model) {
    const output = count(max_output_tokens, locale());
    const whole = context_length === null ? "–" : count(context_length, locale());
    return (
        <span title={`${whole} / ${output}`}>
            {context_length === null ? "–" : compact(context_length, locale())}
            <span class="block text-sm whitespace-nowrap text-soft">
                {t("models.maxOutput", { n: compact(max_output_tokens, locale()) })}
            </span>
        </span>
    );
}

function Capabilities({ names }: { names: string[] }) {
    if (names.length === 0) {
        return <>–</>;
    }
    return (
        <span class="inline-flex flex-wrap gap-1">
            {names.map((name) => {
                const key = CAPABILITIES[name];
                return <Badge key={name}>{key ? t(key) : name}</Badge>;
            })}
        </span>
    );
}

function Actions({ id }: Model) {
    return (
        <span class="inline-flex gap-1">
            <CopyButton text={id} label={t("action.copy")} kind="quiet" />
            <ButtonLink size="small" href={`/dashboard/playground?model=${encodeURIComponent(id)}`}>
                {t("models.try")}
            </ButtonLink>
        </span>
    );
}
