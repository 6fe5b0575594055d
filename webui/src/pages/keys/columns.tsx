import type { Key } from "../../api/types";
import { date, dateTime } from "../../base/time";
import { glance, usd } from "../../base/money";
import { locale, t } from "../../i18n";
import { Badge } from "../../ui/badge";
import { Button, IconButton } from "../../ui/button";
import { Ago, Glance } from "../../ui/figure";
import type { Column } from "../../ui/table";
import { OldSecrets } from "./rotate";

interface Doing {
    onEdit: (key: Key) => void;
    onRotate: (key: Key) => void;
    onEndOld: (key: Key) => void;
    onToggle: (key: Key) => void;
    onDelete: (key: Key) => void;
}

/** Keys may be called alike: then their buttons name what is left of their secrets, too. */
export const keyName = ({ name }: Key) => name;
export const keyMark = ({ prefix, last4 }: Key) => `${prefix}…${last4}`;

export function keyColumns(doing: Doing | null): Column<Key>[] {
    const columns: Column<Key>[] = [
        {
            id: "name",
            head: t("keys.name"),
            isTitle: true,
            cell: (key, name) => (
                <Name apiKey={key} name={name} onEndOld={doing?.onEndOld ?? null} />
            ),
        },
        { id: "state", head: t("keys.state"), cell: (key) => <State apiKey={key} /> },
        {
            id: "used",
            head: t("keys.lastUsed"),
            cell: (key) => (key.last_used_at ? <Ago time={key.last_used_at} /> : t("keys.never")),
        },
        {
            id: "spent",
            head: t("keys.spent"),
            isNumber: true,
            cell: (key) => <Spent apiKey={key} />,
        },
        { id: "models", head: t("keys.models"), cell: (key) => <Models models={key.models} /> },
    ];
    if (doing) {
        columns.push({
            id: "actions",
            head: t("keys.actions"),
            hideHead: true,
            isNumber: true,
            cell: (key, name) => <Actions apiKey={key} name={name} {...doing} />,
        });
    }
    return columns;
}

interface NameProps {
    apiKey: Key;
    name: string; // of its buttons
    onEndOld: Doing["onEndOld"] | null;
}

function Name({ apiKey, name, onEndOld }: NameProps) {
    return (
        <>
            <span class="font-medium">{apiKey.name}</span>
            <span class="block font-mono text-sm text-soft">{keyMark(apiKey)}</span>
            <OldSecrets apiKey={apiKey} name={name} onEnd={onEndOld} />
        </>
    );
}

/** It expires at the midnight that ends the last day that was chosen. */
function lastMoment({ expires_at }: Pick<Key, "expires_at">): number {
    return new Date(expires_at ?? 0).getTime() - 1;
}

export function isExpired(key: Pick<Key, "expires_at">, now = Date.now()): boolean {
    return key.expires_at !== null && new Date(key.expires_at).getTime() <= now;
}

function State({ apiKey }: { apiKey: Key }) {
    if (apiKey.disabled) {
        return (
            <Badge tone="warn">
                {apiKey.disabled_by === "operator"
                    ? t("keys.stateOperator")
                    : t("keys.stateDisabled")}
            </Badge>
        );
    } else if (isExpired(apiKey)) {
        return <Badge tone="bad">{t("keys.stateExpired")}</Badge>;
    }
    return (
        <>
            <Badge tone="good">{t("keys.stateActive")}</Badge>
            {apiKey.expires_at && (
                <span class="mt-0.5 block text-sm text-soft">
                    {t("keys.until", { date: date(lastMoment(apiKey), locale()) })}
                </span>
            )}
        </>
    );
}

/** How much of its budget a key has spent: 0 to 1. Only for the width of a bar. */
function share(spent: bigint, budget: bigint): number {
    return budget > 0n ? Math.min(1, Number((spent * 1000n) / budget) / 1000) : 1;
}

function Spent({ apiKey }: { apiKey: Key }) {
    if (apiKey.budget === null) {
        return <Glance amount={apiKey.spent} />;
    }
    const spent = apiKey.period_spent ?? apiKey.spent;
    const part = share(usd(spent), usd(apiKey.budget));
    return (
        <>
            <Glance amount={spent} />{" "}
            <span class="whitespace-nowrap text-soft">
                {t("keys.ofBudget", { budget: glance(usd(apiKey.budget)) })}
            </span>
            <progress
                class={`bar mt-1 block h-1.5 w-28 md:ml-auto ${part >= 0.9 ? "text-bad" : "text-accent"}`}
                max={1}
                value={part}
                aria-label={t("keys.budgetUsed")}
            />
            {apiKey.resets_at && (
                <span class="mt-0.5 block text-sm text-soft">
                    {t("keys.resets", { time: dateTime(apiKey.resets_at, locale()) })}
                </span>
            )}
        </>
    );
}

function Models({ models }: { models: string[] | null }) {
    if (!models) {
        return <span class="text-soft">{t("keys.allModels")}</span>;
    }
    const shown = models.slice(0, 2).join(", ");
    return (
        <span title={models.join(", ")}>
            {shown}
            {models.length > 2 && ` +${models.length - 2}`}
        </span>
    );
}

interface ToggleProps {
    apiKey: Key;
    name: string;
    disabled?: boolean;
    onToggle: (key: Key) => void;
}

/** Disables a key, or enables it again. */
export function ToggleButton({ apiKey, name, disabled = false, onToggle }: ToggleProps) {
    return (
        <Button
            size="small"
            disabled={disabled}
            aria-label={
                apiKey.disabled ? t("keys.enableNamed", { name }) : t("keys.disableNamed", { name })
            }
            onClick={() => onToggle(apiKey)}
        >
            {apiKey.disabled ? t("keys.enable") : t("keys.disable")}
        </Button>
    );
}

interface ActionsProps extends Doing {
    apiKey: Key;
    name: string;
}

function Actions({ apiKey, name, onEdit, onRotate, onToggle, onDelete }: ActionsProps) {
    return (
        <span class="inline-flex flex-wrap items-center gap-1 md:justify-end">
            <Button
                size="small"
                aria-label={t("keys.editNamed", { name })}
                onClick={() => onEdit(apiKey)}
            >
                {t("keys.edit")}
            </Button>
            <Button
                size="small"
                aria-label={t("keys.rotateNamed", { name })}
                onClick={() => onRotate(apiKey)}
            >
                {t("keys.rotate")}
            </Button>
            <ToggleButton
                apiKey={apiKey}
                name={name}
                disabled={apiKey.disabled_by === "operator"}
                onToggle={onToggle}
            />
            <IconButton
                icon="trash"
                label={t("keys.deleteNamed", { name })}
                onClick={() => onDelete(apiKey)}
            />
        </span>
    );
}
