// The operator's terms and privacy policy: the links to them, and the box to accept them.
import { useId } from "preact/hooks";
import { t } from "../i18n";
import { site } from "../state/site";

const LINK = "font-medium text-accent underline underline-offset-2";

export function TermsLinks() {
    const { terms_url, privacy_url } = site.value ?? {};
    return (
        <>
            {terms_url && (
                <a class={LINK} href={terms_url} target="_blank" rel="noopener">
                    {t("terms.terms")}
                </a>
            )}
            {privacy_url && (
                <a class={LINK} href={privacy_url} target="_blank" rel="noopener">
                    {t("terms.privacy")}
                </a>
            )}
        </>
    );
}

interface Props {
    isAccepted: boolean;
    onAccepted: (isAccepted: boolean) => void;
    error: string | null;
}

export function AcceptTerms({ isAccepted, onAccepted, error }: Props) {
    const id = useId();
    return (
        <div>
            <p class="mb-1.5 flex flex-wrap gap-x-4 gap-y-1">
                <TermsLinks />
            </p>
            <label class="flex w-fit cursor-pointer items-start gap-2">
                <input
                    type="checkbox"
                    class="mt-1 size-4 shrink-0 accent-accent"
                    required
                    checked={isAccepted}
                    aria-describedby={error ? id : undefined}
                    onChange={(event) => onAccepted(event.currentTarget.checked)}
                />
                {site.value?.privacy_url ? t("terms.acceptBoth") : t("terms.accept")}
            </label>
            {error && (
                <p id={id} class="mt-1.5 text-sm font-medium text-bad">
                    {error}
                </p>
            )}
        </div>
    );
}
