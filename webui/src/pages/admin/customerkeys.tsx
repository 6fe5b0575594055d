import { useState } from "preact/hooks";
import { changeCustomerKey, changeCustomerKeys, getCustomerKeys } from "../../api/admin";
import type { Key } from "../../api/types";
import { count } from "../../base/number";
import { locale, t } from "../../i18n";
import { useAction } from "../../state/action";
import { announce } from "../../state/announce";
import { useResource } from "../../state/resource";
import { Button } from "../../ui/button";
import { Empty } from "../../ui/empty";
import { Failure } from "../../ui/notice";
import { type Column, Table } from "../../ui/table";
import { keyColumns, keyMark, keyName, ToggleButton } from "../keys/columns";
import { ReasonDialog } from "./reason";

/** `canAct`: the signed-in operator may disable a key. */
export function CustomerKeys({ userId, canAct }: { userId: string; canAct: boolean }) {
    const keys = useResource(`customer keys ${userId}`, (signal) =>
        getCustomerKeys(userId, signal),
    );
    const [chosen, choose] = useState<Key | null>(null);
    const [isLocking, setLocking] = useState(false);
    const isLocked = keys.data?.every((key) => key.disabled_by === "operator") ?? false;
    if (keys.data?.length === 0) {
        return <Empty icon="keys" title={t("customers.nothing")} />;
    }
    return (
        <>
            <Failure error={keys.error} retry={keys.reload} />
            {keys.data && (
                <p class="px-5 pb-3">
                    <Button size="small" onClick={() => setLocking(true)}>
                        {t(isLocked ? "customers.unlockKeys" : "customers.lockKeys")}
                    </Button>
                </p>
            )}
            {isLocking && (
                <LockKeys
                    userId={userId}
                    isLocked={isLocked}
                    onClose={() => setLocking(false)}
                    onDone={() => {
                        setLocking(false);
                        keys.reload();
                    }}
                />
            )}
            <Table
                caption={t("nav.keys")}
                columns={[
                    ...keyColumns(null),
                    abandonedColumn(),
                    ...(canAct ? [actionColumn(choose)] : []),
                ]}
                rows={keys.data}
                rowKey={(key) => key.id}
                rowName={keyName}
                rowMark={keyMark}
                bones={3}
            />
            {chosen && (
                <ToggleKey
                    chosen={chosen}
                    onClose={() => choose(null)}
                    onDone={() => {
                        choose(null);
                        keys.reload();
                    }}
                />
            )}
        </>
    );
}

function abandonedColumn(): Column<Key> {
    return {
        id: "abandoned",
        head: t("keys.abandoned"),
        isNumber: true,
        cell: (key) =>
            t("keys.abandonedOf", {
                n: count(key.abandoned, locale()),
                requests: count(key.requests, locale()),
            }),
    };
}

function actionColumn(onChoose: (key: Key) => void): Column<Key> {
    return {
        id: "actions",
        head: t("keys.actions"),
        hideHead: true,
        isNumber: true,
        cell: (key, name) => <ToggleButton apiKey={key} name={name} onToggle={onChoose} />,
    };
}

interface LockKeysProps {
    userId: string;
    isLocked: boolean;
    onClose: () => void;
    onDone: () => void;
}

/** All of them at once: where it is not known which one leaked. */
function LockKeys({ userId, isLocked, onClose, onDone }: LockKeysProps) {
    const title = t(isLocked ? "customers.unlockKeys" : "customers.lockKeys");
    const action = useAction(async (reason: string) => {
        const change = { disabled: !isLocked, ...(reason && { reason }) };
        const { keys } = await changeCustomerKeys(userId, change);
        announce(t(isLocked ? "customers.keysUnlocked" : "customers.keysLocked", { n: keys }));
        onDone();
    });
    return (
        <ReasonDialog
            title={title}
            action={title}
            isDanger={!isLocked}
            doing={action}
            onClose={onClose}
        >
            {!isLocked && <p>{t("customers.lockKeysText")}</p>}
        </ReasonDialog>
    );
}

interface ToggleKeyProps {
    chosen: Key;
    onClose: () => void;
    onDone: () => void;
}

function ToggleKey({ chosen, onClose, onDone }: ToggleKeyProps) {
    const { name, disabled } = chosen;
    const action = useAction(async (reason: string) => {
        await changeCustomerKey(chosen.id, { disabled: !disabled, ...(reason && { reason }) });
        announce(t(disabled ? "keys.enabled" : "keys.disabled", { name }));
        onDone();
    });
    return (
        <ReasonDialog
            title={disabled ? t("keys.enableNamed", { name }) : t("keys.disableNamed", { name })}
            action={disabled ? t("keys.enable") : t("keys.disable")}
            isDanger={!disabled}
            doing={action}
            onClose={onClose}
        >
            {!disabled && <p>{t("customers.disableKeyText")}</p>}
        </ReasonDialog>
    );
}
