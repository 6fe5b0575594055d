// On each page of an account that must verify its address before it can do anything.
import { sendVerification } from "../api/notices";
import { t } from "../i18n";
import { useAction } from "../state/action";
import { announce } from "../state/announce";
import { refreshUser, session } from "../state/session";
import { site } from "../state/site";
import { Button } from "./button";
import { Failure, Notice } from "./notice";

export function Unverified() {
    const sending = useAction(async () => {
        await sendVerification();
        announce(t("notices.verificationSent"));
    });
    const looking = useAction(refreshUser);
    const now = session.value;
    if (now.state !== "user" || !now.user.must_verify || !site.value?.verification_required) {
        return null;
    }
    return (
        <div class="mb-6">
            <Notice tone="warn" title={t("door.verifyTitle")}>
                <p class="wrap-anywhere">{t("door.verifyText", { email: now.user.email })}</p>
                <div class="mt-2 flex flex-wrap gap-2">
                    <Button size="small" busy={sending.isBusy} onClick={() => sending.run()}>
                        {t("notices.sendVerification")}
                    </Button>
                    <Button size="small" busy={looking.isBusy} onClick={() => looking.run()}>
                        {t("door.verifyLook")}
                    </Button>
                </div>
            </Notice>
            <Failure error={sending.error || looking.error} />
        </div>
    );
}
