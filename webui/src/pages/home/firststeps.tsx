// What to do with a new account, instead of empty charts.
import type { ComponentChildren } from "preact";
import { getKeys } from "../../api/resources";
import { t } from "../../i18n";
import { useResource } from "../../state/resource";
import { site } from "../../state/site";
import { ButtonLink } from "../../ui/button";
import { Card } from "../../ui/card";
import { Contact } from "../../ui/contact";
import { FirstCall } from "../../ui/code";
import { Icon } from "../../ui/icon";

interface StepProps {
    number: number;
    title: string;
    isDone: boolean;
    children: ComponentChildren;
}

function Step({ number, title, isDone, children }: StepProps) {
    const look = isDone ? "bg-good-wash text-good" : "bg-accent-wash text-accent-strong";
    return (
        <li class="flex gap-4">
            <span
                class={`flex size-8 shrink-0 items-center justify-center rounded-full font-semibold ${look}`}
                aria-hidden="true"
            >
                {isDone ? <Icon name="check" class="size-4.5" /> : number}
            </span>
            <div class="min-w-0 flex-1 pt-1">
                <p class="font-semibold">
                    {title}
                    {isDone && (
                        <span class="ml-2 text-sm font-medium text-good">{t("steps.done")}</span>
                    )}
                </p>
                <div class="mt-2">{children}</div>
            </div>
        </li>
    );
}

/** How this gateway's customers come to credits: where payments are off, from the operator. */
function CreditsStep() {
    if (site.value?.payments !== "off") {
        return <ButtonLink href="/dashboard/credits">{t("credits.add")}</ButtonLink>;
    }
    return (
        <div class="text-soft">
            <p>{t("error.payments_disabled")}</p>
            <Contact />
        </div>
    );
}

export function FirstSteps({ hasCredits }: { hasCredits: boolean }) {
    const keys = useResource("keys", getKeys);
    const hasKey = (keys.data?.length ?? 0) > 0;
    return (
        <Card title={t("steps.title")} note={t("steps.note")}>
            <ol class="flex flex-col gap-6 pt-2">
                <Step number={1} title={t("steps.credits")} isDone={hasCredits}>
                    {!hasCredits && <CreditsStep />}
                </Step>
                <Step number={2} title={t("steps.key")} isDone={hasKey}>
                    {/* One or the other: nothing moves when it is known. */}
                    <ButtonLink href={hasKey ? "/dashboard/keys" : "/dashboard/keys?new=1"}>
                        {hasKey ? t("nav.keys") : t("keys.create")}
                    </ButtonLink>
                </Step>
                <Step number={3} title={t("steps.call")} isDone={false}>
                    <FirstCall apiKey={null} models={null} />
                    <p class="mt-3 text-soft">
                        {t("steps.orPlayground")}{" "}
                        <a
                            class="font-medium text-accent underline underline-offset-2"
                            href="/dashboard/playground"
                        >
                            {t("nav.playground")}
                        </a>
                    </p>
                </Step>
            </ol>
        </Card>
    );
}
