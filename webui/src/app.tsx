// Which page stands at which address.
import type { FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "./i18n";
import { Home } from "./pages/home";
import { Keys } from "./pages/keys";
import { Credits } from "./pages/credits";
import { Models } from "./pages/models";
import { NotFound } from "./pages/notfound";
import { RequestPage } from "./pages/request";
import { SignIn } from "./pages/signin";
import { SignUp } from "./pages/signup";
import { Usage } from "./pages/usage";
import { Layout, OutsideLayout } from "./shell/layout";
import { go, match, place } from "./state/router";
import { HOME, session, SIGN_IN, SIGN_UP } from "./state/session";
import { lazy } from "./ui/lazy";
import { PageBones } from "./ui/skeleton";

/** What an address hands to its page: the names behind the colons. */
export type Address = Record<string, string>;
type PageComponent = FunctionComponent<{ address: Address }>;

interface Route {
    pattern: string;
    page: PageComponent;
}

const Playground = lazy(
    () => import("./pages/playground").then((it) => it.Playground),
    <PageBones />,
);

const INSIDE: readonly Route[] = [
    { pattern: HOME, page: Home },
    { pattern: HOME + "/usage", page: Usage },
    { pattern: HOME + "/usage/:id", page: RequestPage },
    { pattern: HOME + "/keys", page: Keys },
    { pattern: HOME + "/credits", page: Credits },
    { pattern: HOME + "/models", page: Models },
    { pattern: HOME + "/playground", page: Playground },
];
const OUTSIDE: readonly Route[] = [
    { pattern: SIGN_IN, page: SignIn },
    { pattern: SIGN_UP, page: SignUp },
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
    const found = find(INSIDE, path) ?? { page: NotFound, address: {} };
    // A new page for each address: nothing of one request is left on the page of another.
    return (
        <Layout>
            <found.page key={path} address={found.address} />
        </Layout>
    );
}

function Outside({ path }: { path: string }) {
    const found = find(OUTSIDE, path);
    if (!found) {
        const next = path === "/" || path === HOME ? "" : "?next=" + encodeURIComponent(path);
        return <Redirect to={SIGN_IN + next} />;
    }
    return (
        <OutsideLayout>
            <found.page key={path} address={found.address} />
        </OutsideLayout>
    );
}

export function App() {
    const { state } = session.value;
    const { path } = place.value;
    if (state === "unknown") {
        return <p class="sr-only">{t("page.loading")}</p>;
    }
    return state === "user" ? <Inside path={path} /> : <Outside path={path} />;
}
