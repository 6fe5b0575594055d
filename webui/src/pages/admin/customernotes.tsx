// What operators have noted on a customer, for each other.
import { useState } from "preact/hooks";
import { changeNote, type CustomerNote, deleteNote, getNotes, writeNote } from "../../api/notes";
import { wholePage } from "../../api/whole";
import { actionOn } from "../../base/names";
import { exactTime } from "../../base/time";
import { locale, t } from "../../i18n";
import { errorOf, useAction } from "../../state/action";
import { announce } from "../../state/announce";
import { usePager, useWalk } from "../../state/pages";
import { useResource } from "../../state/resource";
import { may, session } from "../../state/session";
import { Button } from "../../ui/button";
import { Confirm } from "../../ui/dialog";
import { Empty } from "../../ui/empty";
import { AreaField } from "../../ui/field";
import { Time } from "../../ui/figure";
import { FormDialog } from "../../ui/form";
import { Failure } from "../../ui/notice";
import { type Column, Pager, Table } from "../../ui/table";

const ROWS = 20;
const BEGINNING_LETTERS = 40;

/** What the buttons of a note are called by. */
const beginning = ({ text }: CustomerNote) => [...text].slice(0, BEGINNING_LETTERS).join("");

/** Ones own, and an administrator any; as lua/admin/notes.lua has it. */
function mayChange(note: CustomerNote): boolean {
    const now = session.value;
    return now.state === "user" && (note.author.id === now.user.id || may("staff.manage"));
}

interface NoteFormProps {
    title: string;
    text: string;
    onSave: (text: string) => Promise<void>;
    onClose: () => void;
}

function NoteForm({ title, text: before, onSave, onClose }: NoteFormProps) {
    const [text, setText] = useState(before);
    const doing = useAction(() => onSave(text.trim()));
    return (
        <FormDialog
            title={title}
            action={t("notes.save")}
            doing={doing}
            fields={["text"]}
            isOff={!text.trim()}
            onClose={onClose}
        >
            <AreaField
                label={t("notes.text")}
                hint={t("notes.hint")}
                rows={6}
                value={text}
                onValue={setText}
                error={errorOf(doing.error, "text")}
            />
        </FormDialog>
    );
}

function columns(
    canWrite: boolean,
    onEdit: (note: CustomerNote) => void,
    onDelete: (note: CustomerNote) => void,
): Column<CustomerNote>[] {
    return [
        {
            id: "time",
            head: t("transfer.time"),
            isTitle: true,
            cell: (note) => (
                <>
                    <Time time={note.created_at} />
                    {note.edited_at && (
                        <span class="block text-sm font-normal text-soft">
                            {t("notes.edited")} <Time time={note.edited_at} />
                        </span>
                    )}
                </>
            ),
        },
        {
            id: "author",
            head: t("notes.author"),
            cell: (note) => <span class="break-all">{note.author.email}</span>,
        },
        {
            id: "text",
            head: t("notes.text"),
            hideHead: true, // a narrow page gives it the whole line
            cell: (note) => <p class="max-w-xl font-normal whitespace-pre-wrap">{note.text}</p>,
        },
        {
            id: "acts",
            head: t("keys.actions"),
            hideHead: true,
            cell: (note, name) =>
                canWrite &&
                mayChange(note) && (
                    <div class="flex justify-end gap-1.5">
                        <Button
                            size="small"
                            aria-label={actionOn(t("notes.edit"), name)}
                            onClick={() => onEdit(note)}
                        >
                            {t("notes.edit")}
                        </Button>
                        <Button
                            size="small"
                            aria-label={actionOn(t("notes.delete"), name)}
                            onClick={() => onDelete(note)}
                        >
                            {t("notes.delete")}
                        </Button>
                    </div>
                ),
        },
    ];
}

type Doing = { kind: "write" } | { kind: "edit" | "delete"; note: CustomerNote } | null;

/** `canWrite`: the signed-in operator may note something. `onDone`: their number has changed. */
export function CustomerNotes({
    userId,
    canWrite,
    onDone,
}: {
    userId: string;
    canWrite: boolean;
    onDone: () => void;
}) {
    const [doing, setDoing] = useState<Doing>(null);
    const name = `customer notes ${userId}`;
    const walk = useWalk(name);
    const page = useResource(
        `${name} ${walk.cursor}`,
        (signal) =>
            wholePage(
                ROWS,
                (cursor, limit) => getNotes(userId, cursor, limit, signal),
                walk.cursor,
            ),
        { keep: true },
    );
    const pager = usePager(walk, page);
    const close = () => setDoing(null);
    const done = (said: string) => {
        announce(said);
        close();
        page.reload();
        onDone();
    };
    const remove = useAction(async (note: CustomerNote) => {
        await deleteNote(note.id);
        done(t("notes.deleted"));
    });
    const isEmpty = page.data?.data.length === 0 && walk.number === 1;
    return (
        <>
            <Failure error={page.error} retry={page.reload} />
            <div class="flex flex-wrap items-center justify-between gap-3 px-4 pb-4 sm:px-5">
                <p class="text-sm text-soft">{t("notes.lead")}</p>
                {canWrite && (
                    <Button onClick={() => setDoing({ kind: "write" })}>{t("notes.add")}</Button>
                )}
            </div>
            {isEmpty ? (
                <Empty icon="search" title={t("customers.nothing")} />
            ) : (
                <>
                    <Table
                        caption={t("notes.title")}
                        columns={columns(
                            canWrite,
                            (note) => setDoing({ kind: "edit", note }),
                            (note) => setDoing({ kind: "delete", note }),
                        )}
                        rows={page.data?.data}
                        isStale={page.isOld}
                        rowKey={(note) => note.id}
                        rowName={beginning}
                        rowMark={({ created_at }) => exactTime(created_at, locale())}
                        bones={3}
                    />
                    <Pager {...pager} />
                </>
            )}
            {doing?.kind === "write" && (
                <NoteForm
                    title={t("notes.add")}
                    text=""
                    onSave={async (text) => {
                        await writeNote(userId, text);
                        done(t("notes.saved"));
                    }}
                    onClose={close}
                />
            )}
            {doing?.kind === "edit" && (
                <NoteForm
                    title={t("notes.edit")}
                    text={doing.note.text}
                    onSave={async (text) => {
                        await changeNote(doing.note.id, text);
                        done(t("notes.saved"));
                    }}
                    onClose={close}
                />
            )}
            {doing?.kind === "delete" && (
                <Confirm
                    title={t("notes.deleteTitle")}
                    action={t("notes.delete")}
                    isBusy={remove.isBusy}
                    error={remove.error}
                    onConfirm={() => remove.run(doing.note)}
                    onClose={close}
                >
                    <p class="line-clamp-3 text-soft">{doing.note.text}</p>
                </Confirm>
            )}
        </>
    );
}
