// Which page stands at which address.
import type { FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";
import type { User } from "./api/account";
import { Home } from "./pages/home";
import { Keys } from "./pages/keys";
import { Credits } from "./pages/credits";
import { Forgot } from "./pages/forgot";
import { Models } from "./pages/models";

import { NewTerms } from "./pages/newterms";
import { NotFound } from "./pages/notfound";
import { PublicPrices } from "./pages/publicprices";
import { RequestPage } from "./pages/request";
import { SetPassword } from "./pages/setpassword";
import { SignIn } from "./pages/signin";
import { Invitation, SignUp } from "./pages/signup";
import { Usage } from "./pages/usage";
import { Verify } from "./pages/verify";
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
import { lazy } from "./ui/lazy";
import { PageBones } from "./ui/skeleton";

/** What an address hands to its page: the names behind the colons. */
export type Address = Record<string, string>;
type PageComponent = FunctionComponent<{ address: Address }>;

interface Route {
    pattern: string;
    page: PageComponent;
}

const AccountPage = lazy(
    () => import("./pages/account").then((it) => it.AccountPage),
    <PageBones />,
);

const RequiredSecondFactor = lazy(
    () => import("./pages/secondfactor").then((it) => it.RequiredSecondFactor),
    <PageBones />,
);

const Playground = lazy(
    () => import("./pages/playground").then((it) => it.Playground),
    <PageBones />,
);

type AdminPages = typeof import("./pages/admin");

/** A page of the operator's chunk. */
function admin(choose: (pages: AdminPages) => PageComponent): PageComponent {
    return lazy(() => import("./pages/admin").then(choose), <PageBones />);
}

const INSIDE: readonly Route[] = [
    { pattern: HOME, page: Home },
    { pattern: HOME + "/usage", page: Usage },
    { pattern: HOME + "/usage/:id", page: RequestPage },
    { pattern: HOME + "/keys", page: Keys },
    { pattern: HOME + "/credits", page: Credits },
    { pattern: HOME + "/models", page: Models },
    { pattern: HOME + "/playground", page: Playground },
    { pattern: HOME + "/account", page: AccountPage },
];
const ADMIN: readonly Route[] = [
    { pattern: HOME + "/admin", page: admin((pages) => pages.Overview) },
    {
        pattern: HOME + "/admin/customers",
        page: admin((pages) => pages.Customers),
    },
    {
        pattern: HOME + "/admin/invitations",
        page: admin((pages) => pages.Invitations),
    },
    {
        pattern: HOME + "/admin/customers/:id",
        page: admin((pages) => pages.CustomerPage),
    },
    {
        pattern: HOME + "/admin/requests/:id",
        page: admin((pages) => pages.AdminRequestPage),
    },
    {
        pattern: HOME + "/admin/payments",
        page: admin((pages) => pages.AdminPayments),
    },
    {
        pattern: HOME + "/admin/vouchers",
        page: admin((pages) => pages.Vouchers),
    },
    {
        pattern: HOME + "/admin/policies",
        page: admin((pages) => pages.Policies),
    },
    {
        pattern: HOME + "/admin/providers",
        page: admin((pages) => pages.Providers),
    },
    {
        pattern: HOME + "/admin/alerts",
        page: admin((pages) => pages.Alerts),
    },
    {
        pattern: HOME + "/admin/audit",
        page: admin((pages) => pages.Audit),
    },
];
const OUTSIDE: readonly Route[] = [
    { pattern: SIGN_IN, page: SignIn },
    { pattern: SIGN_UP, page: SignUp },
    { pattern: FORGOT, page: Forgot },
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
    { pattern: HOME + "/password", page: SetPassword },
    { pattern: HOME + "/verify", page: Verify },
    { pattern: HOME + "/invitation", page: Invitation },
];

export function App() {
    const { path } = place.value;
    const now = session.value;
    const byLink = find(BY_LINK, path);
    if (path === PRICES && site.value?.public_prices) {
        return (
            <OutsideLayout>
                <PublicPrices />
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
