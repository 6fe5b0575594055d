// The quotas of a customer and of its keys, and what the operator sets for the customer.
import { useState } from "preact/hooks";
import { getModels } from "../../api/resources";
import {
    deleteCustomerQuota,
    getCustomerQuotas,
    type Quota,
    setCustomerQuota,
} from "../../api/quotas";
import { t } from "../../i18n";
import { useAction } from "../../state/action";
import { announce } from "../../state/announce";
import { useResource } from "../../state/resource";
import { Button } from "../../ui/button";
import { Empty } from "../../ui/empty";
import { Failure } from "../../ui/notice";
import { Table } from "../../ui/table";
import { quotaColumns, quotaKey } from "../quotas/columns";
import { QuotaForm } from "../quotas/form";

/** `canAct`: the signed-in operator may set one. */
export function CustomerQuotas({ userId, canAct }: { userId: string; canAct: boolean }) {
    const quotas = useResource(`customer quotas ${userId}`, (signal) =>
        getCustomerQuotas(userId, signal),
    );
    const models = useResource("models", getModels);
    const [isAdding, setAdding] = useState(false);
    const remove = useAction(async (quota: Quota) => {
        await deleteCustomerQuota(quota.id ?? "");
        announce(t("quotas.removed"));
        quotas.reload();
    }, quotaKey);
    return (
        <>
            <Failure error={quotas.error ?? remove.error} retry={quotas.reload} />
            <div class="flex flex-wrap items-center justify-between gap-3 px-4 pb-4 sm:px-5">
                <p class="text-sm text-soft">{t("quotas.operatorNote")}</p>
                {canAct && <Button onClick={() => setAdding(true)}>{t("quotas.add")}</Button>}
            </div>
            {quotas.data?.length === 0 ? (
                <Empty icon="keys" title={t("quotas.none")} />
            ) : (
                <Table
                    caption={t("quotas.title")}
                    columns={quotaColumns({
                        isCustomer: false,
                        scope: canAct ? "user" : null,
                        onRemove: remove.run,
                    })}
                    rows={quotas.data}
                    rowKey={quotaKey}
                    bones={3}
                />
            )}
            {isAdding && (
                <QuotaForm
                    title={t("quotas.addForCustomer")}
                    models={models.data?.map((model) => model.id) ?? []}
                    onSave={async (quota) => {
                        await setCustomerQuota(userId, quota);
                        announce(t("quotas.isSet"));
                        setAdding(false);
                        quotas.reload();
                    }}
                    onClose={() => setAdding(false)}
                />
            )}
        </>
    );
}
