// Lists. On a wide page a table; on a narrow one each row is a block with its columns as lines. The
// roles are written out because such a block is no table any more to the browser.
import type { ComponentChildren } from "preact";
import { distinctNames } from "../base/names";
import { t } from "../i18n";
import { restrained } from "./button";
import { Icon } from "./icon";
import { Bone } from "./skeleton";

export interface Column<Row> {
    id: string;
    head: string;
    cell: (row: Row, name: string) => ComponentChildren; // `name`: what its buttons are called by
    isNumber?: boolean;
    isTitle?: boolean; // the heading of the block on a narrow page
    hideHead?: boolean; // for buttons
    width?: string; // a class: where heads are buttons, they must not move when the rows come
}

export interface Sorting {
    by: string;
    choices: readonly string[]; // ids of the columns that can be sorted by
    onSort: (id: string) => void;
}

interface TableProps<Row> {
    caption: string;
    columns: readonly Column<Row>[];
    rows: readonly Row[] | undefined; // undefined: on their way
    rowKey: (row: Row) => string;
    rowName?: (row: Row) => string; // for a table with buttons or links in its rows
    rowMark?: (row: Row) => string; // what tells rows of one name apart; at first their key
    sorting?: Sorting | undefined;
    isStale?: boolean; // shown are the rows of before
    bones?: number;
}

export function Table<Row>(props: TableProps<Row>) {
    const { caption, columns, rows, rowKey, sorting, isStale = false, bones = 5 } = props;
    const { rowName = () => "", rowMark = rowKey } = props;
    const names = distinctNames(rows ?? [], rowName, rowMark);
    return (
        <table
            role="table"
            aria-busy={rows === undefined || isStale}
            class={`w-full text-left max-md:block ${isStale ? "opacity-60" : ""}`}
        >
            <caption class="sr-only">{caption}</caption>
            <thead role="rowgroup" class="max-md:sr-only">
                <tr role="row" class="border-y border-line bg-sunken text-sm text-soft">
                    {columns.map((column) => (
                        <Head key={column.id} column={column} sorting={sorting} />
                    ))}
                </tr>
            </thead>
            <tbody role="rowgroup" class="max-md:block">
                {rows === undefined
                    ? Array.from({ length: bones }, (_, index) => (
                          <BoneRow key={index} columns={columns} />
                      ))
                    : rows.map((row, index) => (
                          <TableRow
                              key={rowKey(row)}
                              row={row}
                              name={names[index] ?? ""}
                              columns={columns}
                          />
                      ))}
            </tbody>
        </table>
    );
}

const ROW =
    "border-b border-line last:border-0 max-md:grid max-md:grid-cols-2 max-md:gap-x-4 max-md:gap-y-1.5 " +
    "max-md:px-5 max-md:py-3 md:hover:bg-sunken/60";
const CELL = "px-3 py-2.5 align-middle first:pl-5 last:pr-5 max-md:!p-0 max-md:min-w-0";

function Head<Row>({ column, sorting }: { column: Column<Row>; sorting: Sorting | undefined }) {
    const canSort = sorting?.choices.includes(column.id) ?? false;
    const isSorted = sorting?.by === column.id;
    const label = column.hideHead ? <span class="sr-only">{column.head}</span> : column.head;
    return (
        <th
            role="columnheader"
            scope="col"
            aria-sort={isSorted ? "descending" : undefined}
            class={`px-3 py-2 font-medium whitespace-nowrap first:pl-5 last:pr-5 ${column.width ?? ""} ${column.isNumber ? "text-right" : ""}`}
        >
            {/* On a narrow page heads are only heard: nobody must tab through what is not seen. */}
            {canSort && (
                <button
                    type="button"
                    class={`inline-flex max-md:hidden cursor-pointer items-center gap-1 rounded hover:text-ink ${isSorted ? "text-ink" : ""}`}
                    onClick={() => sorting?.onSort(column.id)}
                >
                    {label}
                    <Icon name="down" class={`size-3.5 ${isSorted ? "" : "opacity-40"}`} />
                </button>
            )}
            <span class={canSort ? "md:hidden" : undefined}>{label}</span>
        </th>
    );
}

interface RowProps<Row> {
    row: Row;
    name: string;
    columns: readonly Column<Row>[];
}

function TableRow<Row>({ row, name, columns }: RowProps<Row>) {
    return (
        <tr role="row" class={ROW}>
            {columns.map((column) => (
                <Cell key={column.id} column={column}>
                    {column.cell(row, name)}
                </Cell>
            ))}
        </tr>
    );
}

function BoneRow<Row>({ columns }: { columns: readonly Column<Row>[] }) {
    return (
        <tr role="row" class={ROW}>
            {columns.map((column) => (
                <Cell key={column.id} column={column}>
                    <Bone class={column.isTitle ? "h-4 w-32" : "h-4 w-16"} />
                </Cell>
            ))}
        </tr>
    );
}

function Cell<Row>({ column, children }: { column: Column<Row>; children: ComponentChildren }) {
    const wide = column.isNumber ? "md:text-right md:whitespace-nowrap figures" : "";
    const narrow =
        column.isTitle || column.hideHead
            ? "max-md:col-span-2 max-md:block max-md:font-medium"
            : "max-md:block";
    return (
        <td role="cell" class={`${CELL} ${wide} ${narrow}`}>
            {!column.isTitle && !column.hideHead && (
                <span class="block text-sm text-soft md:hidden" aria-hidden="true">
                    {column.head}
                </span>
            )}
            {children}
        </td>
    );
}

export interface PagerProps {
    list?: string; // its name, where there are several of a page
    page: number; // from 1
    hasNext: boolean;
    onPrevious: () => void;
    onNext: () => void;
}

/** Pages by cursor: forth, and back where one came from. */
export function Pager({ list, page, hasNext, onPrevious, onNext }: PagerProps) {
    if (page === 1 && !hasNext) {
        return null;
    }
    const look =
        "inline-flex min-h-9 cursor-pointer items-center gap-1 rounded-lg px-3 font-medium hover:bg-sunken aria-disabled:cursor-not-allowed aria-disabled:text-soft aria-disabled:opacity-60";
    return (
        <nav
            class="flex items-center justify-between border-t border-line px-3 py-2"
            aria-label={list ? t("pager.labelOf", { list }) : t("pager.label")}
        >
            <button type="button" class={look} {...restrained(page === 1, onPrevious)}>
                <Icon name="left" class="size-4" />
                {t("pager.previous")}
            </button>
            <span class="text-sm text-soft">{t("pager.page", { page })}</span>
            <button type="button" class={look} {...restrained(!hasNext, onNext)}>
                {t("pager.next")}
                <Icon name="right" class="size-4" />
            </button>
        </nav>
    );
}
