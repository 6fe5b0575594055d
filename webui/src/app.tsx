// Which page stands at which address.
import type { FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";
import type { User } from "./api/account";
import { Layout, OutsideLayout } from "./shell/layout";
import { isOpen } from "./state/needs";
import { go, match, type Place, place, PRICES } from "./state/router";
import { site } from "./state/site";
import {
    FORGOT,
    HOME,
    isOperator,
    needsSecondFactor,
    session,
    SIGN_IN,
    SIGN_UP,
} from "./state/session";
import { lazy, type LazyComponent } from "./ui/lazy";
import { PageBones } from "./ui/skeleton";

/** What an address hands to its page: the names behind the colons. */
export type Address = Record<string, string>;
type PageProps = { address: Address };
type PageComponent = FunctionComponent<PageProps>;

interface Route {
    pattern: string;
    page: LazyComponent<PageProps>;
}

/** Each page is a chunk of its own; pages/where.ts has their names. */
function page(load: () => Promise<PageComponent>): LazyComponent<PageProps> {
    return lazy(load, <PageBones />);
}

const RequiredSecondFactor = lazy(
    () => import("./pages/secondfactor").then((it) => it.RequiredSecondFactor),
    <PageBones />,
);
const NewTerms = lazy(() => import("./pages/newterms").then((it) => it.NewTerms), <PageBones />);
const PublicPrices = page(() => import("./pages/publicprices").then((it) => it.PublicPrices));
const NotFound = page(() => import("./pages/notfound").then((it) => it.NotFound));

const INSIDE: readonly Route[] = [
    { pattern: HOME, page: page(() => import("./pages/home").then((it) => it.Home)) },
    { pattern: HOME + "/usage", page: page(() => import("./pages/usage").then((it) => it.Usage)) },
    {
        pattern: HOME + "/usage/:id",
        page: page(() => import("./pages/request").then((it) => it.RequestPage)),
    },
    { pattern: HOME + "/keys", page: page(() => import("./pages/keys").then((it) => it.Keys)) },
    {
        pattern: HOME + "/credits",
        page: page(() => import("./pages/credits").then((it) => it.Credits)),
    },
    {
        pattern: HOME + "/models",
        page: page(() => import("./pages/models").then((it) => it.Models)),
    },
    {
        pattern: HOME + "/playground",
        page: page(() => import("./pages/playground").then((it) => it.Playground)),
    },
    {
        pattern: HOME + "/account",
        page: page(() => import("./pages/account").then((it) => it.AccountPage)),
    },
];
const ADMIN: readonly Route[] = [
    {
        pattern: HOME + "/admin",
        page: page(() => import("./pages/admin/overview").then((it) => it.Overview)),
    },
    {
        pattern: HOME + "/admin/customers",
        page: page(() => import("./pages/admin/customers").then((it) => it.Customers)),
    },
    {
        pattern: HOME + "/admin/invitations",
        page: page(() => import("./pages/admin/invitations").then((it) => it.Invitations)),
    },
    {
        pattern: HOME + "/admin/customers/:id",
        page: page(() => import("./pages/admin/customer").then((it) => it.CustomerPage)),
    },
    {
        pattern: HOME + "/admin/requests/:id",
        page: page(() => import("./pages/admin/request").then((it) => it.AdminRequestPage)),
    },
    {
        pattern: HOME + "/admin/payments",
        page: page(() => import("./pages/admin/payments").then((it) => it.AdminPayments)),
    },
    {
        pattern: HOME + "/admin/vouchers",
        page: page(() => import("./pages/admin/vouchers").then((it) => it.Vouchers)),
    },
    {
        pattern: HOME + "/admin/policies",
        page: page(() => import("./pages/admin/policies").then((it) => it.Policies)),
    },
    {
        pattern: HOME + "/admin/providers",
        page: page(() => import("./pages/admin/providers").then((it) => it.Providers)),
    },
    {
        pattern: HOME + "/admin/alerts",
        page: page(() => import("./pages/admin/alerts").then((it) => it.Alerts)),
    },
    {
        pattern: HOME + "/admin/audit",
        page: page(() => import("./pages/admin/audit").then((it) => it.Audit)),
    },
];
const OUTSIDE: readonly Route[] = [
    { pattern: SIGN_IN, page: page(() => import("./pages/signin").then((it) => it.SignIn)) },
    { pattern: SIGN_UP, page: page(() => import("./pages/signup").then((it) => it.SignUp)) },
    { pattern: FORGOT, page: page(() => import("./pages/forgot").then((it) => it.Forgot)) },
];

function find(routes: readonly Route[], path: string) {
    for (const { pattern, page } of routes) {
        const address = match(pattern, path);
        if (address) {
            return { page, address };
        }
    }
    return null;
}

function Redirect({ to }: { to: string }) {
    useEffect(() => go(to, { replace: true }), [to]);
    return null;
}

function Inside({ path }: { path: string }) {
    if (path === "/" || find(OUTSIDE, path)) {
        return <Redirect to={HOME} />;
    }
    const routes = isOperator()
        ? [...INSIDE, ...ADMIN.filter(({ pattern }) => isOpen(pattern))]
        : INSIDE;
    const found = find(routes, path) ?? { page: NotFound, address: {} };
    // A new page for each address: nothing of one request is left on the page of another.
    return (
        <Layout>
            <found.page key={path} address={found.address} />
        </Layout>
    );
}

/** Whether a customer is to accept the terms before going on. */
function mustAccept({ role, terms_version }: User): boolean {
    const wanted = site.value?.terms_version ?? null;
    return role === "user" && wanted !== null && wanted !== terms_version;
}

function Outside({ path, query }: Place) {
    const found = find(OUTSIDE, path);
    if (!found) {
        const wanted = path + (query.size > 0 ? "?" + query.toString() : "");
        const next = path === "/" || path === HOME ? "" : "?next=" + encodeURIComponent(wanted);
        return <Redirect to={SIGN_IN + next} />;
    }
    return (
        <OutsideLayout>
            <found.page key={path} address={found.address} />
        </OutsideLayout>
    );
}

/** For whom it is is told by the link, not by who is signed in here. */
const BY_LINK: readonly Route[] = [
    {
        pattern: HOME + "/password",
        page: page(() => import("./pages/setpassword").then((it) => it.SetPassword)),
    },
    {
        pattern: HOME + "/verify",
        page: page(() => import("./pages/verify").then((it) => it.Verify)),
    },
    {
        pattern: HOME + "/invitation",
        page: page(() => import("./pages/signup").then((it) => it.Invitation)),
    },
];

const ALL: readonly Route[] = [
    ...INSIDE,
    ...ADMIN,
    ...OUTSIDE,
    ...BY_LINK,
    { pattern: PRICES, page: PublicPrices },
];

/** Fetches the code of the page at this path, so that it is shown at once. */
export async function prefetchPage(path: string): Promise<void> {
    await (find(ALL, path)?.page ?? NotFound).prefetch();
}

export function App() {
    const { path } = place.value;
    const now = session.value;
    const byLink = find(BY_LINK, path);
    if (path === PRICES && site.value?.public_prices) {
        return (
            <OutsideLayout>
                <PublicPrices address={{}} />
            </OutsideLayout>
        );
    } else if (byLink) {
        return (
            <OutsideLayout>
                <byLink.page address={{}} />
            </OutsideLayout>
        );
    } else if (now.state === "user" && needsSecondFactor(now.user)) {
        return (
            <OutsideLayout>
                <RequiredSecondFactor user={now.user} />
            </OutsideLayout>
        );
    } else if (now.state === "user" && mustAccept(now.user)) {
        return (
            <OutsideLayout>
                <NewTerms />
            </OutsideLayout>
        );
    } else if (now.state === "user") {
        return <Inside path={path} />;
    }
    return <Outside {...place.value} />;
}
