// Which permission a page of the operator's needs. One that stands not here needs none.
import type { Permission } from "../api/account";
import { HOME, may } from "./session";

const NEEDS: Readonly<Record<string, Permission>> = {
    [HOME + "/admin/customers"]: "customers.read",
    [HOME + "/admin/invitations"]: "customers.read",
    [HOME + "/admin/customers/:id"]: "customers.read",
    [HOME + "/admin/requests/:id"]: "customers.read",
    [HOME + "/admin/payments"]: "money.read",
    [HOME + "/admin/vouchers"]: "money.read",
    [HOME + "/admin/policies"]: "service.manage",
    [HOME + "/admin/providers"]: "service.read",
    [HOME + "/admin/alerts"]: "service.read",
    [HOME + "/admin/audit"]: "service.manage",
};

/** Whether who is signed in may see the page with this pattern. */
export function isOpen(pattern: string): boolean {
    const permission = NEEDS[pattern];
    return permission === undefined || may(permission);
}
