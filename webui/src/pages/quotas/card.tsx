// The quotas of the signed-in customer and of its keys.
import { deleteQuota, getQuotas, type Quota, setQuota } from "../../api/quotas";
import { getModels } from "../../api/resources";
import type { Key } from "../../api/types";
import { t } from "../../i18n";
import { useAction } from "../../state/action";
import { announce } from "../../state/announce";
import { usePulse } from "../../state/pulse";
import { useResource } from "../../state/resource";
import { Card } from "../../ui/card";
import { Empty } from "../../ui/empty";
import { Failure, Notice } from "../../ui/notice";
import { Table } from "../../ui/table";
import { quotaColumns, quotaKey, quotaName } from "./columns";
import { QuotaForm } from "./form";

interface QuotaCardProps {
    keys: readonly Key[];
    isAdding: boolean; // the button stands above the keys, where nothing moves it
    onAdded: () => void;
}

export function QuotaCard({ keys, isAdding, onAdded }: QuotaCardProps) {
    const quotas = useResource("quotas", getQuotas);
    const models = useResource("models", getModels);
    usePulse(quotas.reload);
    const remove = useAction(async (quota: Quota) => {
        await deleteQuota(quota.id ?? "");
        announce(t("quotas.removed"));
        quotas.reload();
    }, quotaKey);
    return (
        <Card flush title={t("quotas.title")} note={t("quotas.note")}>
            <Failure error={quotas.error ?? remove.error} retry={quotas.reload} />
            <Warnings quotas={quotas.data ?? []} />
            {quotas.data?.length === 0 ? (
                <Empty icon="keys" title={t("quotas.none")} />
            ) : (
                <Table
                    key={quotas.data ? "rows" : "bones"} // a warning above it would move it
                    caption={t("quotas.title")}
                    columns={quotaColumns({
                        isCustomer: true,
                        scope: "key",
                        onRemove: remove.run,
                    })}
                    rows={quotas.data}
                    rowKey={quotaKey}
                    bones={3}
                />
            )}
            {isAdding && (
                <QuotaForm
                    title={t("quotas.add")}
                    keys={keys}
                    models={models.data?.map((model) => model.id) ?? []}
                    onSave={async (quota, keyId) => {
                        await setQuota(keyId, quota);
                        announce(t("quotas.isSet"));
                        onAdded();
                        quotas.reload();
                    }}
                    onClose={onAdded}
                />
            )}
        </Card>
    );
}

/** What is nearly or wholly used. */
function Warnings({ quotas }: { quotas: readonly Quota[] }) {
    const near = quotas.filter((quota) => quota.near);
    if (near.length === 0) {
        return null;
    }
    const names = near.map((quota) =>
        quota.key_name ? `${quotaName(quota)} (${quota.key_name})` : quotaName(quota),
    );
    return (
        <div class="px-4 pb-4 sm:px-5">
            <Notice tone="warn">{t("quotas.warning", { names: names.join(", ") })}</Notice>
        </div>
    );
}
