import { useEffect, useState } from "preact/hooks";
import { getPayment } from "../../api/payments";
import { exact, usd } from "../../base/money";
import { t } from "../../i18n";
import { useEvery } from "../../state/every";
import { hurry } from "../../state/pulse";
import { useResource } from "../../state/resource";
import { setQuery } from "../../state/router";
import { Button } from "../../ui/button";
import { Notice } from "../../ui/notice";

const LOOK_MS = 2000;
const PATIENCE_MS = 60000;

/** Back from the processor's page: its event may still be on its way. */
export function Returned({ id, left }: { id: string; left: boolean }) {
    const payment = useResource(`payment ${id}`, (signal) => getPayment(id, signal));
    const [begun] = useState(Date.now);
    const state = payment.data?.state;
    const waits = state === "open" && !left;
    useEvery(LOOK_MS, () => {
        if (waits) {
            payment.reload();
        }
    });
    useEffect(() => {
        if (state === "paid") {
            hurry();
        }
    }, [state]);
    if (!payment.data) {
        return null;
    }
    const { credit, checkout_url } = payment.data;
    const tone =
        state === "paid" ? "good" : state === "open" || state === "processing" ? "plain" : "warn";
    return (
        <Notice tone={tone} title={t(title(payment.data.state, left))}>
            <div class="flex flex-wrap items-center gap-3" aria-live="polite">
                {state === "paid" && t("credits.added", { amount: exact(usd(credit)) })}
                {waits &&
                    t(Date.now() - begun > PATIENCE_MS ? "payments.slow" : "payments.waitText")}
                {state === "processing" && t("payments.processingText")}
                {left && checkout_url && (
                    <a class="link" href={checkout_url}>
                        {t("payments.goOn")}
                    </a>
                )}
                <Button onClick={() => setQuery({ payment: null, left: null })}>
                    {t("payments.dismiss")}
                </Button>
            </div>
        </Notice>
    );
}

function title(state: string, left: boolean) {
    switch (state) {
        case "paid":
            return "payments.thanks";
        case "processing":
            return "payments.processing";
        case "open":
            return left ? "payments.leftTitle" : "payments.waitTitle";
        default:
            return "payments.notPaid";
    }
}
