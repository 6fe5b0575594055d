// The part of the account page about what one is told: by mail, and by a webhook.
import { useEffect, useState } from "preact/hooks";
import {
    changeNotices,
    deleteWebhook,
    getNotices,
    type Notices,
    sendVerification,
    setWebhook,
    testWebhook,
    type Webhook,
} from "../api/notices";
import { plain, typedUsd, usd } from "../base/money";
import { LOCALES, type Locale, t } from "../i18n";
import { errorOf, errorOfNone, useAction } from "../state/action";
import { announce } from "../state/announce";
import { noteLow } from "../state/funds";
import { useResource } from "../state/resource";
import { site } from "../state/site";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { Card } from "../ui/card";
import { CopyButton } from "../ui/copy";
import { CheckField, SelectField, TextField } from "../ui/field";
import { Time } from "../ui/figure";
import { Form } from "../ui/form";
import { Failure, Notice } from "../ui/notice";

/** Nothing where the gateway can tell nobody anything. */
export function NoticeCards({ email }: { email: string }) {
    const notices = useResource("notices", getNotices);
    const hasMail = site.value?.mail ?? false;
    const hasWebhooks = site.value?.customer_webhooks ?? false;
    if (!hasMail && !hasWebhooks) {
        return null;
    }
    return (
        <>
            <Card title={t("notices.title")}>
                <Failure error={notices.error} retry={notices.reload} />
                {hasMail && notices.data && <Verification email={email} notices={notices.data} />}
                {notices.data && (
                    <Wishes notices={notices.data} hasMail={hasMail} onChanged={notices.reload} />
                )}
            </Card>
            {hasWebhooks && notices.data && (
                <WebhookCard webhook={notices.data.webhook} onChanged={notices.reload} />
            )}
        </>
    );
}

function Verification({ email, notices }: { email: string; notices: Notices }) {
    const { run, isBusy, error } = useAction(async () => {
        await sendVerification();
        announce(t("notices.verificationSent"));
    });
    if (notices.email_verified_at !== null && notices.mail_refused_at === null) {
        return (
            <p class="mb-4 flex flex-wrap items-center gap-2">
                <span class="wrap-anywhere">{email}</span>
                <Badge tone="good">{t("notices.verified")}</Badge>
            </p>
        );
    }
    return (
        <div class="mb-4">
            <Notice
                tone={site.value?.email_verification || notices.mail_refused_at ? "warn" : "plain"}
            >
                <p class="wrap-anywhere">
                    {notices.mail_refused_at !== null
                        ? t("notices.refused", { email, why: notices.mail_refused_why ?? "" })
                        : site.value?.email_verification
                          ? t("notices.unverifiedSilent", { email })
                          : t("notices.unverified", { email })}
                </p>
                <Button size="small" class="mt-2" busy={isBusy} onClick={() => run()}>
                    {t("notices.sendVerification")}
                </Button>
            </Notice>
            <Failure error={error} />
        </div>
    );
}

/** An amount as one would type it. */
const typedOf = (amount: string | null) =>
    amount === null ? "" : plain(usd(amount)).replace(/\.?0+$/, "");

interface WishesProps {
    notices: Notices;
    hasMail: boolean;
    onChanged: () => void;
}

function Wishes({ notices, hasMail, onChanged }: WishesProps) {
    const [low, setLow] = useState(typedOf(notices.low_balance));
    const [receipts, setReceipts] = useState(notices.receipts);
    const [keyExpiry, setKeyExpiry] = useState(notices.key_expiry);
    const [quotas, setQuotas] = useState(notices.quotas);
    const [language, setLanguage] = useState<string>(notices.language);
    const { run, isBusy, error } = useAction(async () => {
        const amount = typedUsd(low);
        const changed = await changeNotices({
            low_balance: low.trim() === "" ? null : amount === null ? low : plain(amount),
            receipts,
            key_expiry: keyExpiry,
            quotas,
            language: language as Locale,
        });
        noteLow(changed.low_balance);
        announce(t("notices.saved"));
        onChanged();
    });
    return (
        <Form class="max-w-md" onSend={run}>
            <TextField
                label={t("notices.low")}
                hint={t("notices.lowHint")}
                inputMode="decimal"
                value={low}
                onValue={setLow}
                error={errorOf(error, "low_balance")}
            />
            {hasMail && (
                <>
                    <CheckField
                        label={t("notices.receipts")}
                        checked={receipts}
                        onChecked={setReceipts}
                    />
                    <CheckField
                        label={t("notices.keyExpiry")}
                        checked={keyExpiry}
                        onChecked={setKeyExpiry}
                    />
                    <CheckField
                        label={t("notices.quotas")}
                        checked={quotas}
                        onChecked={setQuotas}
                    />
                    <SelectField
                        label={t("notices.language")}
                        value={language}
                        choices={LOCALES.map(({ locale, name }) => ({ value: locale, text: name }))}
                        onValue={setLanguage}
                    />
                </>
            )}
            <Failure error={errorOfNone(error, "low_balance")} />
            <div>
                <Button type="submit" kind="primary" busy={isBusy}>
                    {t("notices.save")}
                </Button>
            </div>
        </Form>
    );
}

interface WebhookProps {
    webhook: Webhook | null;
    onChanged: () => void;
}

function WebhookCard({ webhook, onChanged }: WebhookProps) {
    const [url, setUrl] = useState(webhook?.url ?? "");
    const [secret, setSecret] = useState<string | null>(null);
    useEffect(() => setUrl(webhook?.url ?? ""), [webhook?.url]);
    const set = useAction(async () => {
        setSecret((await setWebhook(url.trim())).secret);
        onChanged();
    });
    const remove = useAction(async () => {
        await deleteWebhook();
        setSecret(null);
        announce(t("webhook.removed"));
        onChanged();
    });
    const test = useAction(async () => {
        await testWebhook();
        announce(t("webhook.tested"));
        onChanged();
    });
    return (
        <Card title={t("webhook.title")}>
            <p class="mb-4 text-soft">{t("webhook.lead")}</p>
            <WebhookState webhook={webhook} />
            <Form class="max-w-xl" onSend={set.run}>
                <TextField
                    label={t("webhook.url")}
                    type="url"
                    required
                    maxLength={500}
                    placeholder="https://"
                    value={url}
                    onValue={setUrl}
                    error={errorOf(set.error, "url")}
                    hint={webhook && t("webhook.replaceHint")}
                />
                <Failure error={errorOfNone(set.error, "url") ?? remove.error ?? test.error} />
                <div class="flex flex-wrap gap-2">
                    <Button type="submit" kind="primary" busy={set.isBusy}>
                        {webhook ? t("webhook.replace") : t("webhook.set")}
                    </Button>
                    {webhook && webhook.disabled_at === null && (
                        <Button busy={test.isBusy} onClick={() => test.run()}>
                            {t("webhook.test")}
                        </Button>
                    )}
                    {webhook && (
                        <Button kind="quiet" busy={remove.isBusy} onClick={() => remove.run()}>
                            {t("webhook.remove")}
                        </Button>
                    )}
                </div>
            </Form>
            {secret !== null && (
                <div class="mt-4">
                    <Notice tone="good" title={t("webhook.secretTitle")} isAlert>
                        <p>{t("webhook.secretOnce")}</p>
                        <p class="my-2 font-mono text-sm break-all">{secret}</p>
                        <CopyButton text={secret} label={t("webhook.copy")} />
                    </Notice>
                </div>
            )}
        </Card>
    );
}

function WebhookState({ webhook }: { webhook: Webhook | null }) {
    if (webhook === null) {
        return null;
    }
    const isDisabled = webhook.disabled_at !== null;
    return (
        <dl class="mb-4 grid max-w-xl grid-cols-[auto_1fr] gap-x-4 gap-y-1">
            <dt class="text-soft">{t("webhook.state")}</dt>
            <dd>
                <Badge tone={isDisabled ? "bad" : webhook.failed_at ? "warn" : "good"}>
                    {isDisabled
                        ? t("webhook.disabled")
                        : webhook.failed_at
                          ? t("webhook.failing")
                          : t("webhook.inUse")}
                </Badge>
            </dd>
            {webhook.delivered_at && (
                <>
                    <dt class="text-soft">{t("webhook.delivered")}</dt>
                    <dd>
                        <Time time={webhook.delivered_at} />
                    </dd>
                </>
            )}
            {webhook.failed_at && (
                <>
                    <dt class="text-soft">{t("webhook.failed")}</dt>
                    <dd class="wrap-anywhere">
                        <Time time={webhook.failed_at} /> {webhook.error}
                    </dd>
                </>
            )}
        </dl>
    );
}
