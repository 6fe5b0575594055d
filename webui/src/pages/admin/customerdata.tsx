// What an operator does with all of a customer's data, and for a customer who has lost the phone.
import { useState } from "preact/hooks";
import {
    customerData,
    type CustomerDetail,
    eraseCustomer,
    removeSecondFactor,
} from "../../api/admin";
import { usd } from "../../base/money";
import { t } from "../../i18n";
import { useAction } from "../../state/action";
import { announce } from "../../state/announce";
import { Button, ButtonLink } from "../../ui/button";
import { Card } from "../../ui/card";
import { Confirm } from "../../ui/dialog";
import { EraseDialog, type Erasure } from "../erase";

interface Props {
    customer: CustomerDetail;
    onDone: () => void;
}

export function SecondFactorAct({ customer, onDone }: Props) {
    const [isAsking, setAsking] = useState(false);
    const { run, isBusy, error } = useAction(async () => {
        await removeSecondFactor(customer.id);
        announce(t("factor.removed"));
        setAsking(false);
        onDone();
    });
    return (
        <>
            <Button onClick={() => setAsking(true)}>{t("factor.remove")}</Button>
            {isAsking && (
                <Confirm
                    title={t("factor.removeTitle", { email: customer.email })}
                    action={t("factor.remove")}
                    isBusy={isBusy}
                    error={error}
                    onConfirm={() => run()}
                    onClose={() => setAsking(false)}
                >
                    <p>{t("factor.removeText")}</p>
                </Confirm>
            )}
        </>
    );
}

export function CustomerData({ customer, onDone }: Props) {
    const [isErasing, setErasing] = useState(false);
    return (
        <Card title={t("data.ofCustomer")}>
            <div class="flex flex-col gap-4">
                <p class="text-soft">{t("data.ofCustomerText")}</p>
                <div class="flex flex-wrap gap-2">
                    <ButtonLink href={customerData(customer.id)} download icon="download">
                        {t("data.copy")}
                    </ButtonLink>
                    {!customer.erased_at && (
                        <Button kind="danger" onClick={() => setErasing(true)}>
                            {t("data.erase")}
                        </Button>
                    )}
                </div>
            </div>
            {isErasing && (
                <EraseCustomer
                    customer={customer}
                    onClose={() => setErasing(false)}
                    onDone={() => {
                        setErasing(false);
                        onDone();
                    }}
                />
            )}
        </Card>
    );
}

function EraseCustomer({ customer, onClose, onDone }: Props & { onClose: () => void }) {
    const doing = useAction(async (erasure: Erasure) => {
        await eraseCustomer(customer.id, erasure);
        announce(t("data.erased"));
        onDone();
    });
    return (
        <EraseDialog
            title={t("data.eraseTitle", { email: customer.email })}
            text={t("data.eraseCustomerText")}
            email={customer.email}
            forfeitText={t("data.forfeitCustomer")}
            hasCredit={usd(customer.balance) > 0n}
            doing={doing}
            onClose={onClose}
        />
    );
}
