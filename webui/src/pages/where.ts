// Which file of this folder has the page of an address, so that the browser fetches it before
// any other script runs (start.ts). What stands not here works, and is fetched later.

const DASHBOARD = "/dashboard";
const FILES: readonly [pattern: RegExp, file: string][] = [
    [/^\/prices$/, "publicprices.tsx"],
    [/^$/, "home/index.tsx"],
    [/^\/signin$/, "signin.tsx"],
    [/^\/(signup|invitation)$/, "signup.tsx"],
    [/^\/(forgot|verify)$/, "$1.tsx"],
    [/^\/password$/, "setpassword.tsx"],
    [/^\/usage\/.+/, "request.tsx"],
    [/^\/(usage|keys|credits|playground)$/, "$1/index.tsx"],
    [/^\/(models|account)$/, "$1.tsx"],
    [/^\/admin$/, "admin/overview.tsx"],
    [/^\/admin\/customers\/.+/, "admin/customer.tsx"],
    [/^\/admin\/requests\/.+/, "admin/request.tsx"],
    [/^\/admin\/([a-z]+)$/, "admin/$1.tsx"],
];
/** The bar of the operator's pages. */
const SEARCH = "admin/search.tsx";

/** The files that the page at this path needs, below src/pages. */
export function filesOf(address: string): string[] {
    const path = address.replace(/\/+$/, "");
    const inside = path.startsWith(DASHBOARD) ? path.slice(DASHBOARD.length) : path;
    const found = FILES.find(([pattern]) => pattern.test(inside));
    const files = found ? [inside.replace(...found)] : [];
    return inside.startsWith("/admin") ? [...files, SEARCH] : files;
}
