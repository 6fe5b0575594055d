// The operator's brand. The gateway writes it into the page (core/app/brand.c), so it is there at the
// first paint.

function said(name: string): string | null {
    return document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? null;
}

export const brand = {
    name: said("application-name") ?? "LLM Gateway", // nobody has written it: vite's own server
    logo: said("brand-logo"),
    contact: said("brand-contact"), // a mail address or an https URL
};
