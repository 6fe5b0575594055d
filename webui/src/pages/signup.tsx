import { useState } from "preact/hooks";
import { findInvitation, type Invited, signUp } from "../api/account";
import { exact, usd } from "../base/money";
import { locale, t } from "../i18n";
import { errorOf, errorOfNone, useAction } from "../state/action";
import { useProof } from "../state/proof";
import { useResource } from "../state/resource";
import { place } from "../state/router";
import { enter, SIGN_IN } from "../state/session";
import { site } from "../state/site";
import { Button } from "../ui/button";
import { Page } from "../ui/card";
import { TextField } from "../ui/field";
import { Form } from "../ui/form";
import { Failure, Notice } from "../ui/notice";
import { PasswordRules } from "../ui/passwordrules";
import { PageBones } from "../ui/skeleton";
import { AcceptTerms } from "../ui/terms";
import { Welcome } from "./welcome";

const LINK = "font-medium text-accent underline underline-offset-2";
const FIELDS = ["email", "name", "password", "accept_terms"];

/** What is possible here: for whom the form is, or why there is none. */
function Door({ isInvited }: { isInvited: boolean }) {
    const here = site.value;
    if (here?.sign_up === "closed") {
        return <Notice title={t("door.closed")}>{t("door.closedText")}</Notice>;
    } else if (isInvited || !here) {
        return null;
    } else if (here.sign_up === "invitation") {
        return <Notice title={t("door.invitation")}>{t("door.invitationText")}</Notice>;
    } else if (here.sign_up_domains.length > 0) {
        const domains = here.sign_up_domains.join(", ");
        return <Notice>{t("door.domains", { domains })}</Notice>;
    }
    return null;
}

/** What one gets for it, as far as it is known before. */
function Credit({ invited }: { invited: Invited | null }) {
    const amount = invited?.credit ?? site.value?.sign_up_credit;
    if (!amount) {
        return null;
    }
    const shown = { amount: exact(usd(amount)) };
    return (
        <Notice tone="good">
            {site.value?.verification_required
                ? t("door.creditVerified", shown)
                : t("door.credit", shown)}
        </Notice>
    );
}

function SignUpForm({ invitation, invited }: { invitation?: string; invited: Invited | null }) {
    const bound = invited?.email ?? "";
    const [form, setForm] = useState({ name: "", email: bound, password: "" });
    const [hasAccepted, setAccepted] = useState(false);
    const set = (name: keyof typeof form) => (value: string) =>
        setForm((before) => ({ ...before, [name]: value }));
    const proofOf = useProof(site.value?.sign_up_proof_bits ?? 0);
    const { run, isBusy, error } = useAction(async () => {
        const { name, email, password } = form;
        const proof = await proofOf();
        enter(
            await signUp({
                email,
                password,
                language: locale(),
                ...(name.trim() && { name: name.trim() }),
                ...(invitation && { invitation }),
                ...(site.value?.terms_url && { accept_terms: hasAccepted }),
                ...(proof && { proof }),
            }),
        );
    });
    return (
        <Form onSend={run}>
            <TextField
                label={t("auth.email")}
                type="email"
                autocomplete="email"
                required
                readOnly={bound !== ""}
                value={form.email}
                onValue={set("email")}
                error={errorOf(error, "email")}
            />
            <TextField
                label={t("auth.name")}
                autocomplete="name"
                maxLength={100}
                value={form.name}
                onValue={set("name")}
                error={errorOf(error, "name")}
            />
            <TextField
                label={t("auth.password")}
                type="password"
                autocomplete="new-password"
                required
                value={form.password}
                onValue={set("password")}
                error={errorOf(error, "password")}
                hint={<PasswordRules password={form.password} email={form.email} />}
            />
            {site.value?.terms_url && (
                <AcceptTerms
                    isAccepted={hasAccepted}
                    onAccepted={setAccepted}
                    error={errorOf(error, "accept_terms")}
                />
            )}
            <Failure error={errorOfNone(error, ...FIELDS)} />
            <Button type="submit" kind="primary" busy={isBusy}>
                {t("auth.signUp")}
            </Button>
            {isBusy && (site.value?.sign_up_proof_bits ?? 0) > 0 && (
                <p class="text-sm text-soft" role="status">
                    {t("door.proving")}
                </p>
            )}
        </Form>
    );
}

function HaveAccount() {
    const { query } = place.value;
    return (
        <p class="text-soft">
            {t("auth.haveAccount")}{" "}
            <a class={LINK} href={SIGN_IN + (query.size > 0 ? "?" + query.toString() : "")}>
                {t("auth.signIn")}
            </a>
        </p>
    );
}

export function SignUp() {
    return (
        <Welcome>
            <Page title={t("auth.signUp")}>
                <Door isInvited={false} />
                {site.value?.sign_up === "open" && (
                    <>
                        <Credit invited={null} />
                        <SignUpForm invited={null} />
                    </>
                )}
                <HaveAccount />
            </Page>
        </Welcome>
    );
}

/** Signing up by an invitation. Its token stands behind the #, which browsers send nowhere. */
export function Invitation() {
    const [token] = useState(() => location.hash.slice(1));
    const isClosed = site.value?.sign_up === "closed";
    const found = useResource(`invitation ${token}`, () => findInvitation(token));
    if (!isClosed && !found.data && !found.error) {
        return <PageBones />; // nothing that would move when the answer is there
    }
    return (
        <Welcome>
            <Page title={t("door.invited")}>
                <Door isInvited />
                {!isClosed && <Failure error={found.error} />}
                {!isClosed && found.data && (
                    <>
                        <Credit invited={found.data} />
                        <SignUpForm invitation={token} invited={found.data} />
                    </>
                )}
                <HaveAccount />
            </Page>
        </Welcome>
    );
}
