// One of the groups that the policies name.
import { getGroups } from "../../api/admin";
import { t } from "../../i18n";
import { useResource } from "../../state/resource";
import { SelectField } from "../../ui/field";

interface Props {
    value: string;
    onValue: (value: string) => void;
    error: string | null;
    kept?: string; // one that no policy names any more can be kept, and is then shown as what it is
    label?: string;
    none?: string; // the text of no group
    hint?: string;
}

export function GroupField({ value, onValue, error, kept = "", label, none, hint }: Props) {
    const groups = useResource("groups", getGroups);
    const names = [...new Set(["", kept, ...(groups.data ?? [])])];
    return (
        <SelectField
            label={label ?? t("customers.group")}
            hint={hint}
            value={value}
            choices={names.map((name) => ({
                value: name,
                text: name || (none ?? t("customers.groupNone")),
            }))}
            onValue={onValue}
            error={error}
        />
    );
}
