// The second factor of the account: set up, its recovery codes, turned off.
import { useState } from "preact/hooks";
import {
    beginSecondFactor,
    confirmSecondFactor,
    getSecondFactor,
    type SecondFactor,
    type SecondFactorSecret,
    renewRecoveryCodes,
    turnSecondFactorOff,
    type User,
} from "../api/account";
import { t } from "../i18n";
import { errorOf, errorOfNone, useAction } from "../state/action";
import { announce } from "../state/announce";
import { useResource } from "../state/resource";
import { session, signOutHere } from "../state/session";
import { site } from "../state/site";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { Card, Page } from "../ui/card";
import { CopyButton } from "../ui/copy";
import { TextField, Username } from "../ui/field";
import { Time } from "../ui/figure";
import { Form, FormDialog } from "../ui/form";
import { lazy } from "../ui/lazy";
import { Failure, Notice } from "../ui/notice";
import { Bone } from "../ui/skeleton";
import { Unverified } from "../ui/unverified";
import { CodeField, PasswordField } from "./proof";

const QrCode = lazy(
    () => import("../ui/qrcode").then((it) => it.QrCode),
    <div class="size-52 max-w-full" />,
);

function mark(user: User, second_factor: boolean): void {
    if (session.value.state === "user") {
        session.value = { ...session.value, user: { ...user, second_factor } };
    }
}

type Step =
    | { name: "rest" }
    | { name: "begun"; secret: SecondFactorSecret }
    | { name: "codes"; codes: string[] };

export function SecondFactorCard({ user, onDone }: { user: User; onDone?: () => void }) {
    const factor = useResource("second factor", getSecondFactor);
    const [step, setStep] = useState<Step>({ name: "rest" });
    // What is known of the user shows the right form at once.
    const isOn = factor.data ? factor.data.enabled_at !== null : user.second_factor;
    const rest = () => {
        setStep({ name: "rest" });
        factor.reload();
    };
    const done = () => {
        rest();
        mark(user, true);
        onDone?.();
    };
    return (
        <Card
            title={t("factor.title")}
            actions={isOn ? <Badge tone="good">{t("factor.on")}</Badge> : undefined}
        >
            <Failure error={factor.error} retry={factor.reload} />
            {step.name === "codes" ? (
                <RecoveryCodes codes={step.codes} onDone={done} />
            ) : step.name === "begun" ? (
                <Confirm
                    secret={step.secret}
                    onBack={rest}
                    onCodes={(codes) => setStep({ name: "codes", codes })}
                />
            ) : !isOn ? (
                <Begin user={user} onBegun={(secret) => setStep({ name: "begun", secret })} />
            ) : factor.data === undefined ? (
                !factor.error && <Bone />
            ) : (
                <InForce
                    user={user}
                    factor={factor.data}
                    onCodes={(codes) => setStep({ name: "codes", codes })}
                    onOff={() => {
                        mark(user, false);
                        rest();
                    }}
                />
            )}
        </Card>
    );
}

function Begin({ user, onBegun }: { user: User; onBegun: (secret: SecondFactorSecret) => void }) {
    const [password, setPassword] = useState("");
    const { run, isBusy, error } = useAction(async () =>
        onBegun(await beginSecondFactor(password)),
    );
    return (
        <Form class="max-w-md" onSend={run}>
            <p class="text-soft">{t("factor.text")}</p>
            <Username value={user.email} />
            <PasswordField
                value={password}
                onValue={setPassword}
                error={errorOf(error, "password")}
            />
            <Failure error={errorOfNone(error, "password")} />
            <div>
                <Button type="submit" kind="primary" busy={isBusy}>
                    {t("factor.setUp")}
                </Button>
            </div>
        </Form>
    );
}

interface ConfirmProps {
    secret: SecondFactorSecret;
    onBack: () => void;
    onCodes: (codes: string[]) => void;
}

function Confirm({ secret, onBack, onCodes }: ConfirmProps) {
    const [code, setCode] = useState("");
    const { run, isBusy, error } = useAction(async () => onCodes(await confirmSecondFactor(code)));
    const grouped = secret.secret.match(/.{1,4}/g)?.join(" ") ?? secret.secret;
    return (
        <Form class="max-w-md" onSend={run}>
            <p>{t("factor.scan")}</p>
            <QrCode text={secret.uri} label={t("factor.qr")} />
            <div>
                <p class="mb-1.5 font-medium">{t("factor.secret")}</p>
                <output
                    aria-label={t("factor.secret")}
                    class="mb-2 block rounded-lg border border-line bg-sunken px-3 py-2 font-mono text-sm select-all"
                >
                    {grouped}
                </output>
                <CopyButton text={secret.secret} label={t("action.copy")} />
            </div>
            <TextField
                label={t("factor.firstCode")}
                hint={t("factor.firstCodeHint")}
                autocomplete="one-time-code"
                inputMode="numeric"
                required
                value={code}
                onValue={setCode}
                error={errorOf(error, "code")}
            />
            <Failure error={errorOfNone(error, "code")} />
            <div class="flex flex-wrap gap-2">
                <Button type="submit" kind="primary" busy={isBusy}>
                    {t("factor.turnOn")}
                </Button>
                <Button onClick={onBack}>{t("action.cancel")}</Button>
            </div>
        </Form>
    );
}

function RecoveryCodes({ codes, onDone }: { codes: string[]; onDone: () => void }) {
    return (
        <div class="flex max-w-md flex-col gap-4">
            <Notice tone="warn">{t("factor.codesText")}</Notice>
            <ul
                aria-label={t("factor.codes")}
                class="grid grid-cols-2 gap-2 rounded-lg border border-line bg-sunken p-4 font-mono text-sm select-all"
            >
                {codes.map((code) => (
                    <li key={code}>{code}</li>
                ))}
            </ul>
            <div class="flex flex-wrap gap-2">
                <CopyButton text={codes.join("\n")} label={t("action.copy")} />
                <Button kind="primary" size="small" onClick={onDone}>
                    {t("factor.kept")}
                </Button>
            </div>
        </div>
    );
}

interface InForceProps {
    user: User;
    factor: SecondFactor;
    onCodes: (codes: string[]) => void;
    onOff: () => void;
}

function InForce({ user, factor, onCodes, onOff }: InForceProps) {
    const [asks, setAsks] = useState<"renew" | "off" | null>(null);
    const close = () => setAsks(null);
    return (
        <div class="flex flex-col gap-4">
            <p>
                {t("factor.since")} <Time time={factor.enabled_at ?? ""} />
            </p>
            <p class={factor.recovery_codes < 3 ? "font-medium text-warn" : "text-soft"}>
                {t("factor.codesLeft", { n: factor.recovery_codes })}
            </p>
            <div class="flex flex-wrap gap-2">
                <Button onClick={() => setAsks("renew")}>{t("factor.renew")}</Button>
                <Button onClick={() => setAsks("off")}>{t("factor.turnOff")}</Button>
            </div>
            {asks === "renew" && (
                <ProofDialog
                    user={user}
                    title={t("factor.renew")}
                    text={t("factor.renewText")}
                    action={t("factor.renew")}
                    onClose={close}
                    work={async (proof) => {
                        const codes = await renewRecoveryCodes(proof);
                        close();
                        onCodes(codes);
                    }}
                />
            )}
            {asks === "off" && (
                <ProofDialog
                    user={user}
                    title={t("factor.turnOff")}
                    text={factor.required ? t("factor.offRequired") : t("factor.offText")}
                    action={t("factor.turnOff")}
                    onClose={close}
                    work={async (proof) => {
                        await turnSecondFactorOff(proof);
                        close();
                        announce(t("factor.isOff"));
                        onOff();
                    }}
                />
            )}
        </div>
    );
}

interface ProofProps {
    user: User;
    title: string;
    text: string;
    action: string;
    onClose: () => void;
    work: (proof: { password: string; code: string }) => Promise<void>;
}

/** Asks for the password and a code. */
function ProofDialog({ user, title, text, action, onClose, work }: ProofProps) {
    const [typed, setTyped] = useState({ password: "", code: "" });
    const doing = useAction(() => work(typed));
    return (
        <FormDialog
            title={title}
            action={action}
            doing={doing}
            fields={["password", "code"]}
            onClose={onClose}
        >
            <p>{text}</p>
            <Username value={user.email} />
            <PasswordField
                value={typed.password}
                onValue={(password) => setTyped((before) => ({ ...before, password }))}
                error={errorOf(doing.error, "password")}
            />
            <CodeField
                value={typed.code}
                onValue={(code) => setTyped((before) => ({ ...before, code }))}
                error={errorOf(doing.error, "code")}
            />
        </FormDialog>
    );
}

/** All that somebody sees who must set it up first. */
export function RequiredSecondFactor({ user }: { user: User }) {
    const leave = useAction(signOutHere);
    const mustVerify = user.must_verify && (site.value?.verification_required ?? false);
    return (
        <div class="mx-auto max-w-2xl">
            <Page title={t("factor.requiredTitle")} lead={user.email}>
                <Unverified />
                {!mustVerify && <Notice tone="warn">{t("factor.requiredText")}</Notice>}
                {!mustVerify && <SecondFactorCard user={user} />}
                <Failure error={leave.error} />
                <div>
                    <Button busy={leave.isBusy} onClick={() => leave.run()}>
                        {t("auth.signOut")}
                    </Button>
                </div>
            </Page>
        </div>
    );
}
