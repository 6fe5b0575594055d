import { useState } from "preact/hooks";
import { changeKey, deleteKey, getKeys } from "../../api/resources";
import type { Key } from "../../api/types";
import { t } from "../../i18n";
import { useAction } from "../../state/action";
import { announce } from "../../state/announce";
import { usePulse } from "../../state/pulse";
import { useResource } from "../../state/resource";
import { go, place, setQuery } from "../../state/router";
import { site } from "../../state/site";
import { Button } from "../../ui/button";
import { Card, Page } from "../../ui/card";
import { Confirm, Dialog } from "../../ui/dialog";
import { Empty } from "../../ui/empty";
import { Failure, Notice } from "../../ui/notice";
import { Table } from "../../ui/table";
import { QuotaCard } from "../quotas/card";
import { keyColumns, keyMark, keyName } from "./columns";
import { CreateKey } from "./create";
import { changeOf, KeyForm, typedOf } from "./form";
import { EndOld, RotateKey } from "./rotate";

const PLAYGROUND = "/dashboard/playground";

export function Keys() {
    const keys = useResource("keys", getKeys);
    usePulse(keys.reload);
    const [doomed, setDoomed] = useState<Key | null>(null);
    const [edited, setEdited] = useState<Key | null>(null);
    const [rotated, setRotated] = useState<Key | null>(null);
    const [ended, setEnded] = useState<Key | null>(null);
    const [isLimiting, setLimiting] = useState(false);
    const isCreating = place.value.query.get("new") === "1";
    const openCreate = () => setQuery({ new: "1" });
    // Who came from the playground for a key goes back to it with the key.
    const closeCreate = (keyId: string | null) =>
        keyId && place.peek().query.get("for") === "playground"
            ? go(`${PLAYGROUND}?key=${encodeURIComponent(keyId)}`, { replace: true })
            : setQuery({ new: null, for: null });
    const change = useAction(
        async (key: Key) => {
            await changeKey(key.id, { disabled: !key.disabled });
            keys.reload();
            announce(t(key.disabled ? "keys.enabled" : "keys.disabled", { name: key.name }));
        },
        (key) => key.id,
    );
    const keysMax = site.value?.limits.keys_max;
    const isFull = keysMax !== undefined && (keys.data?.length ?? 0) >= keysMax;
    return (
        <Page
            title={t("nav.keys")}
            lead={t("keys.lead")}
            actions={
                <>
                    <Button disabled={!keys.data?.length} onClick={() => setLimiting(true)}>
                        {t("quotas.add")}
                    </Button>
                    <Button kind="primary" icon="plus" disabled={isFull} onClick={openCreate}>
                        {t("keys.create")}
                    </Button>
                </>
            }
        >
            <Failure error={keys.error} retry={keys.reload} />
            <Failure error={change.error} />
            {isFull && <Notice tone="warn">{t("error.too_many_keys")}</Notice>}
            <Card flush>
                {keys.data?.length === 0 ? (
                    <Empty
                        icon="keys"
                        title={t("keys.empty")}
                        action={
                            <Button kind="primary" icon="plus" onClick={openCreate}>
                                {t("keys.create")}
                            </Button>
                        }
                    >
                        {t("keys.emptyText")}
                    </Empty>
                ) : (
                    <Table
                        caption={t("nav.keys")}
                        columns={keyColumns({
                            onEdit: setEdited,
                            onRotate: setRotated,
                            onEndOld: setEnded,
                            onToggle: change.run,
                            onDelete: setDoomed,
                        })}
                        rows={keys.data}
                        rowKey={(key) => key.id}
                        rowName={keyName}
                        rowMark={keyMark}
                        bones={3}
                    />
                )}
            </Card>
            {/* It is seen when its place is known: the keys stand above it. */}
            <div hidden={!keys.data && !keys.error}>
                <QuotaCard
                    keys={keys.data ?? []}
                    isAdding={isLimiting}
                    onAdded={() => setLimiting(false)}
                />
            </div>
            {isCreating && <CreateKey onMade={keys.reload} onClose={closeCreate} />}
            {rotated && (
                <RotateKey chosen={rotated} onMade={keys.reload} onClose={() => setRotated(null)} />
            )}
            {ended && (
                <EndOld
                    chosen={ended}
                    onClose={() => setEnded(null)}
                    onDone={() => {
                        setEnded(null);
                        keys.reload();
                    }}
                />
            )}
            {edited && (
                <EditKey
                    edited={edited}
                    onClose={() => setEdited(null)}
                    onDone={() => {
                        setEdited(null);
                        keys.reload();
                    }}
                />
            )}
            {doomed && (
                <DeleteKey
                    doomed={doomed}
                    onClose={() => setDoomed(null)}
                    onDone={() => {
                        setDoomed(null);
                        keys.reload();
                    }}
                />
            )}
        </Page>
    );
}

interface EditKeyProps {
    edited: Key;
    onClose: () => void;
    onDone: () => void;
}

function EditKey({ edited, onClose, onDone }: EditKeyProps) {
    const before = typedOf(edited);
    return (
        <Dialog title={t("keys.editTitle", { name: edited.name })} onClose={onClose}>
            <KeyForm
                before={before}
                action={t("keys.save")}
                onClose={onClose}
                onSave={async (typed) => {
                    await changeKey(edited.id, changeOf(typed, before));
                    announce(t("keys.saved", { name: typed.name.trim() }));
                    onDone();
                }}
            />
        </Dialog>
    );
}

interface DeleteKeyProps {
    doomed: Key;
    onClose: () => void;
    onDone: () => void;
}

function DeleteKey({ doomed, onClose, onDone }: DeleteKeyProps) {
    const { run, isBusy, error } = useAction(async () => {
        await deleteKey(doomed.id);
        announce(t("keys.deleted", { name: doomed.name }));
        onDone();
    });
    return (
        <Confirm
            title={t("keys.deleteTitle", { name: doomed.name })}
            action={t("keys.deleteAction")}
            isBusy={isBusy}
            error={error}
            onConfirm={run}
            onClose={onClose}
        >
            <p>{t("keys.deleteText", { name: doomed.name, last4: doomed.last4 })}</p>
        </Confirm>
    );
}
