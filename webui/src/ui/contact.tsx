// Where customers find help: the setting `contact`. Nothing, if the operator has set none.
import { t } from "../i18n";
import { brand } from "../state/brand";

const isUrl = (contact: string) => contact.startsWith("https://");

export function Contact({ class: extra = "" }: { class?: string }) {
    const { contact } = brand;
    if (contact === null) {
        return null;
    }
    return (
        <p class={extra}>
            {t("contact.help")}{" "}
            <a
                class="font-medium break-all underline underline-offset-2"
                href={isUrl(contact) ? contact : `mailto:${encodeURI(contact)}`}
            >
                {isUrl(contact) ? contact.slice("https://".length).replace(/\/$/, "") : contact}
            </a>
        </p>
    );
}
