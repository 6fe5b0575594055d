// Making a key: a form, then the key itself.
import { useState } from "preact/hooks";
import { createKey, type Made } from "../../api/resources";
import { t } from "../../i18n";
import { Dialog } from "../../ui/dialog";
import { KeyForm, newKey } from "./form";
import { ShownOnce } from "./shownonce";

interface CreateKeyProps {
    onMade: () => void;
    onClose: (keyId: string | null) => void;
}

export function CreateKey({ onMade, onClose }: CreateKeyProps) {
    const [made, setMade] = useState<Made | null>(null);
    if (made) {
        return <ShownOnce made={made} onClose={() => onClose(made.data.id)} />;
    }
    const cancel = () => onClose(null);
    return (
        <Dialog key="form" title={t("keys.create")} onClose={cancel}>
            <KeyForm
                action={t("keys.create")}
                onClose={cancel}
                onSave={async (typed) => {
                    setMade(await createKey(newKey(typed)));
                    onMade();
                }}
            />
        </Dialog>
    );
}
