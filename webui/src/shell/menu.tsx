// The way from page to page.
import { type PlainKey, t } from "../i18n";
import { DOCS, match, place } from "../state/router";
import { isOpen } from "../state/needs";
import { isOperator, session, signOutHere } from "../state/session";
import { hasDocs } from "../state/site";
import { announce } from "../state/announce";
import { sentence } from "../api/error";
import { IconButton } from "../ui/button";
import { Icon, type IconName } from "../ui/icon";
import { Preferences } from "./preferences";

interface Item {
    path: string;
    icon: IconName;
    label: PlainKey;
    below?: readonly string[]; // pages that belong to it
}

const OWN: readonly Item[] = [
    { path: "/dashboard", icon: "home", label: "nav.home" },
    {
        path: "/dashboard/usage",
        icon: "usage",
        label: "nav.usage",
        below: ["/dashboard/usage/:id"],
    },
    { path: "/dashboard/keys", icon: "keys", label: "nav.keys" },
    { path: "/dashboard/credits", icon: "credits", label: "nav.credits" },
    { path: "/dashboard/models", icon: "models", label: "nav.models" },
    { path: "/dashboard/playground", icon: "playground", label: "nav.playground" },
    { path: DOCS, icon: "docs", label: "nav.docs" },
];
const OPERATOR: readonly Item[] = [
    { path: "/dashboard/admin", icon: "overview", label: "nav.overview" },
    {
        path: "/dashboard/admin/customers",
        icon: "customers",
        label: "nav.customers",
        below: [
            "/dashboard/admin/customers/:id",
            "/dashboard/admin/invitations",
            "/dashboard/admin/requests/:id",
        ],
    },
    {
        path: "/dashboard/admin/payments",
        icon: "credits",
        label: "nav.payments",
    },
    {
        path: "/dashboard/admin/vouchers",
        icon: "vouchers",
        label: "nav.vouchers",
    },
    {
        path: "/dashboard/admin/policies",
        icon: "policies",
        label: "nav.policies",
    },
    {
        path: "/dashboard/admin/providers",
        icon: "providers",
        label: "nav.providers",
    },
    {
        path: "/dashboard/admin/alerts",
        icon: "warning",
        label: "nav.alerts",
    },
    { path: "/dashboard/admin/audit", icon: "audit", label: "nav.audit" },
    { path: `${DOCS}/operators`, icon: "docs", label: "nav.handbook" },
];

const ACCOUNT = "/dashboard/account";

function isHere({ path, below = [] }: Item): boolean {
    const now = place.value.path;
    return now === path || below.some((pattern) => match(pattern, now) !== null);
}

function Items({ items }: { items: readonly Item[] }) {
    return (
        <ul class="flex flex-col gap-0.5">
            {items.map((item) => (
                <li key={item.path}>
                    <a
                        href={item.path}
                        aria-current={isHere(item) ? "page" : undefined}
                        class="flex min-h-9.5 items-center gap-3 rounded-lg px-3 font-medium text-soft transition-colors hover:bg-sunken hover:text-ink aria-[current=page]:bg-accent-wash aria-[current=page]:text-accent-strong"
                    >
                        <Icon name={item.icon} />
                        {t(item.label)}
                    </a>
                </li>
            ))}
        </ul>
    );
}

/** What is a page for who is signed in. */
function isThere({ path }: Item): boolean {
    return path.startsWith(DOCS) ? hasDocs() : isOpen(path);
}

export function Menu() {
    return (
        <nav aria-label={t("nav.label")} class="flex flex-col gap-5">
            <Items items={OWN.filter(isThere)} />
            {isOperator() && (
                <div>
                    <h2 class="mb-1.5 px-3 text-sm font-medium text-soft">{t("nav.operator")}</h2>
                    <Items items={OPERATOR.filter(isThere)} />
                </div>
            )}
        </nav>
    );
}

/** Who is signed in, the way out, and the preferences. */
export function Account() {
    if (session.value.state !== "user") {
        return null;
    }
    const { name, email } = session.value.user;
    const leave = () => signOutHere().catch((error: unknown) => announce(sentence(error)));
    return (
        <div class="flex flex-col gap-3 border-t border-line pt-4">
            <div class="flex items-center gap-2 pl-3">
                <a
                    href={ACCOUNT}
                    aria-current={place.value.path === ACCOUNT ? "page" : undefined}
                    class="min-w-0 flex-1 rounded-lg hover:underline"
                >
                    <span class="sr-only">{t("account.title")} </span>
                    {name && <span class="block truncate font-medium">{name}</span>}
                    <span class="block truncate text-sm text-soft" title={email}>
                        {email}
                    </span>
                </a>
                <IconButton icon="signout" label={t("auth.signOut")} onClick={() => void leave()} />
            </div>
            <div class="pl-3">
                <Preferences />
            </div>
        </div>
    );
}
