import { getKeys, getModels } from "../../api/resources";
import type { Key, Model } from "../../api/types";
import { t } from "../../i18n";
import { useResource } from "../../state/resource";
import { ButtonLink } from "../../ui/button";
import { Card, Page } from "../../ui/card";
import { Empty } from "../../ui/empty";
import { Failure } from "../../ui/notice";
import { PageBones } from "../../ui/skeleton";
import { isExpired } from "../keys/columns";
import { Chat } from "./chat";
import { Choices, useChosen } from "./choices";
import { TASK_FORMS } from "./tasks";

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
    return (
        <Page title={t("nav.playground")} lead={t("playground.lead")}>
            {usable.length === 0 ? <NoKey /> : <Desk keys={usable} models={models.data} />}
        </Page>
    );
}

function NoKey() {
    const create = (
        <ButtonLink href="/dashboard/keys?new=1&for=playground" kind="primary" icon="plus">
            {t("keys.create")}
        </ButtonLink>
    );
    return (
        <Card>
            <Empty icon="keys" title={t("playground.noKey")} action={create}>
                {t("playground.noKeyText")}
            </Empty>
        </Card>
    );
}

/** A form by what the model is sold for. */
function Desk({ keys, models }: { keys: readonly Key[]; models: readonly Model[] }) {
    const chosen = useChosen(keys, models);
    const { task, key, model } = chosen;
    if (task === "chat") {
        return (
            <Card flush>
                <Chat chosen={chosen} />
            </Card>
        );
    }
    const Form = TASK_FORMS[task];
    return (
        <Card flush>
            <Choices chosen={chosen} />
            <Form key={task} keyId={key.id} model={model} />
        </Card>
    );
}
