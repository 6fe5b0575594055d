import type { UsageRecord } from "../../api/types";
import { t } from "../../i18n";
import { Card } from "../../ui/card";
import { LiveBadge } from "../../ui/live";
import { requestColumns, requestName } from "../../ui/requests";
import { Table } from "../../ui/table";

/** The newest requests; they come by themselves. */
export function Latest({ rows }: { rows: UsageRecord[] | undefined }) {
    return (
        <Card
            flush
            title={t("home.latest")}
            actions={
                <>
                    <LiveBadge />
                    <a
                        class="text-sm font-medium text-accent underline-offset-2 hover:underline"
                        href="/dashboard/usage"
                    >
                        {t("home.all")}
                    </a>
                </>
            }
        >
            <Table
                caption={t("home.latest")}
                columns={requestColumns("/dashboard/usage")}
                rows={rows}
                rowKey={(record) => record.id}
                rowName={requestName}
                bones={8}
            />
        </Card>
    );
}
