// The frame of the pages for signing in and up: what this is, beside the form.
import type { ComponentChildren } from "preact";
import { t } from "../i18n";
import { DOCS, PRICES } from "../state/router";
import { site } from "../state/site";
import { Icon } from "../ui/icon";

const POINTS = ["welcome.point1", "welcome.point2", "welcome.point3"] as const;

function Way({ href, text }: { href: string; text: string }) {
    return (
        <a class="font-medium text-accent underline underline-offset-2" href={href}>
            {text}
        </a>
    );
}

export function Welcome({ children }: { children: ComponentChildren }) {
    return (
        <div class="grid items-center gap-10 py-4 lg:grid-cols-2 lg:py-14">
            <div class="panel p-6 shadow-float sm:p-8 lg:order-last">{children}</div>
            <div>
                <p class="max-w-md text-2xl leading-snug font-semibold tracking-tight sm:text-3xl">
                    {t("welcome.title")}
                </p>
                <ul class="mt-6 flex flex-col gap-3">
                    {POINTS.map((point) => (
                        <li key={point} class="flex gap-3 text-soft">
                            <Icon name="check" class="mt-0.5 size-5 text-accent" />
                            {t(point)}
                        </li>
                    ))}
                </ul>
                <p class="mt-6 flex flex-wrap gap-x-6 gap-y-2">
                    {site.value?.public_prices && <Way href={PRICES} text={t("prices.link")} />}
                    {site.value?.docs === "public" && <Way href={DOCS} text={t("docs.link")} />}
                </p>
            </div>
        </div>
    );
}
