import { useEffect, useRef, useState } from "preact/hooks";
import { getKeys, getModels } from "../../api/resources";
import type { Key } from "../../api/types";
import { talks } from "../../base/endpoints";
import { glance, usd } from "../../base/money";
import { t } from "../../i18n";
import { announce } from "../../state/announce";
import { useResource } from "../../state/resource";
import { place, setQuery } from "../../state/router";
import { Button, ButtonLink } from "../../ui/button";
import { Card, Page } from "../../ui/card";
import { Empty } from "../../ui/empty";
import { type Choice, SelectField } from "../../ui/field";
import { Failure } from "../../ui/notice";
import { PageBones } from "../../ui/skeleton";
import { isExpired } from "../keys/columns";
import { Composer } from "./composer";
import { quoteText, useQuote } from "./quote";
import { useTalk } from "./talk";
import { TurnView } from "./turn";

export function Playground() {
    const models = useResource("models", getModels);
    const keys = useResource("keys", getKeys);
    if (models.error || keys.error) {
        const retry = () => {
            models.reload();
            keys.reload();
        };
        return <Failure error={models.error ?? keys.error} retry={retry} />;
    } else if (!models.data || !keys.data) {
        return <PageBones />;
    }
    const usable = keys.data.filter((key) => !key.disabled && !isExpired(key));
    const names = models.data.filter(talks).map(({ id }) => id);
    return (
        <Page title={t("nav.playground")} lead={t("playground.lead")}>
            {usable.length === 0 ? (
                <Card>
                    <Empty
                        icon="keys"
                        title={t("playground.noKey")}
                        action={
                            <ButtonLink href="/dashboard/keys?new=1" kind="primary" icon="plus">
                                {t("keys.create")}
                            </ButtonLink>
                        }
                    >
                        {t("playground.noKeyText")}
                    </Empty>
                </Card>
            ) : (
                <Chat keys={usable} models={names} />
            )}
        </Page>
    );
}

/** A key with what is left of its budget. */
function keyChoice(key: Key): Choice {
    if (key.budget === null) {
        return { value: key.id, text: key.name };
    }
    const left = usd(key.budget) - usd(key.spent);
    const text = t("playground.keyLeft", { name: key.name, left: glance(left > 0n ? left : 0n) });
    return { value: key.id, text };
}

function modelsOf(key: Key, models: readonly string[]): string[] {
    return models.filter((id) => !key.models || key.models.includes(id));
}

function Chat({ keys, models }: { keys: Key[]; models: string[] }) {
    const wanted = place.value.query;
    const [system, setSystem] = useState("");
    const [draft, setDraft] = useState("");
    const talk = useTalk((ending) => announce(t(`playground.${ending}`), false));
    const log = useRef<HTMLDivElement>(null);
    const key = keys.find(({ id }) => id === wanted.get("key")) ?? (keys[0] as Key);
    const allowed = modelsOf(key, models);
    const model = allowed.find((id) => id === wanted.get("model")) ?? allowed[0] ?? "";
    const last = talk.turns.at(-1)?.answer;
    const quote = useQuote(key.id, model, talk.messages(system, draft));
    useEffect(() => log.current?.scrollTo(0, log.current.scrollHeight), [last?.text, last?.record]);
    return (
        <Card flush>
            <div class="grid gap-3 border-b border-line p-4 sm:grid-cols-[1fr_1fr_auto] sm:items-end">
                <SelectField
                    label={t("request.model")}
                    value={model}
                    choices={allowed.map((id) => ({ value: id, text: id }))}
                    onValue={(id) => setQuery({ model: id })}
                />
                <SelectField
                    label={t("playground.key")}
                    value={key.id}
                    choices={keys.map(keyChoice)}
                    onValue={(id) => setQuery({ key: id })}
                />
                <Button disabled={talk.isAnswering || !talk.turns.length} onClick={talk.clear}>
                    {t("playground.clear")}
                </Button>
            </div>
            <div
                ref={log}
                role="log"
                aria-label={t("playground.talk")}
                aria-busy={talk.isAnswering}
                tabIndex={0}
                class="flex h-[50vh] min-h-72 flex-col gap-6 overflow-y-auto p-4 sm:p-6"
            >
                {talk.turns.length === 0 && (
                    <div class="m-auto">
                        <Empty icon="playground" title={t("playground.empty")}>
                            {t("playground.emptyText")}
                        </Empty>
                    </div>
                )}
                {talk.turns.map((turn) => (
                    <TurnView key={turn.id} turn={turn} />
                ))}
            </div>
            <Composer
                system={system}
                onSystem={setSystem}
                text={draft}
                onText={setDraft}
                note={quote ? quoteText(quote) : ""}
                isAnswering={talk.isAnswering}
                canAsk={model !== ""}
                onAsk={(question) => talk.ask(key.id, model, system, question)}
                onStop={talk.stop}
            />
        </Card>
    );
}
