// Markdown as elements. HTML stays text, and a picture is a link: fetching it would tell its server
// who reads.
import type { Token, Tokens } from "marked";
import type { ComponentChildren } from "preact";
import { parseMarkdown, safeAddress } from "../base/markdown";

const LINK = "text-accent underline underline-offset-2";
const SCROLLS = "max-w-full overflow-x-auto";

export function Markdown({ text }: { text: string }) {
    const tokens = parseMarkdown(text);
    return (
        <div class="flex flex-col gap-3">
            {tokens ? <Each tokens={tokens} /> : <p class="whitespace-pre-wrap">{text}</p>}
        </div>
    );
}

function Each({ tokens }: { tokens: readonly Token[] | undefined }) {
    return (
        <>
            {tokens?.map((token, place) => (
                <One key={place} token={token} />
            ))}
        </>
    );
}

function Link({ href, children }: { href: string; children: ComponentChildren }) {
    const address = safeAddress(href);
    return address ? (
        <a href={address} target="_blank" rel="noopener noreferrer nofollow" class={LINK}>
            {children}
        </a>
    ) : (
        <>{children}</>
    );
}

function List({ ordered, start, items }: Tokens.List) {
    const entries = items.map((item, place) => (
        <li key={place} class="pl-1 [&>p]:inline">
            <Each tokens={item.tokens} />
        </li>
    ));
    return ordered ? (
        <ol start={Number(start) || 1} class="list-decimal pl-6">
            {entries}
        </ol>
    ) : (
        <ul class="list-disc pl-6">{entries}</ul>
    );
}

function Table({ header, rows }: Tokens.Table) {
    const cell = "border border-line px-2.5 py-1 text-left align-top";
    return (
        <div class={SCROLLS} tabIndex={0}>
            <table class="border-collapse">
                <thead>
                    <tr>
                        {header.map(({ tokens }, place) => (
                            <th key={place} class={cell}>
                                <Each tokens={tokens} />
                            </th>
                        ))}
                    </tr>
                </thead>
                <tbody>
                    {rows.map((row, place) => (
                        <tr key={place}>
                            {row.map(({ tokens }, column) => (
                                <td key={column} class={cell}>
                                    <Each tokens={tokens} />
                                </td>
                            ))}
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}

/** Headings are no headings of our page, whose outline they would break. */
function One({ token }: { token: Token }) {
    const inner = "tokens" in token ? <Each tokens={token.tokens} /> : null;
    switch (token.type) {
        case "space":
        case "def":
            return null;
        case "heading":
            return (
                <p class={token.depth < 3 ? "text-lg font-semibold" : "font-semibold"}>{inner}</p>
            );
        case "paragraph":
            return <p class="whitespace-pre-line">{inner}</p>;
        case "code":
            return (
                <pre
                    tabIndex={0}
                    class={`${SCROLLS} rounded-lg border border-line bg-sunken p-3 font-mono text-sm`}
                >
                    <code>{token.text}</code>
                </pre>
            );
        case "blockquote":
            return (
                <blockquote class="flex flex-col gap-3 border-l-2 border-line-strong pl-3 text-soft">
                    {inner}
                </blockquote>
            );
        case "list":
            return <List {...(token as Tokens.List)} />;
        case "table":
            return <Table {...(token as Tokens.Table)} />;
        case "hr":
            return <hr class="border-line" />;
        case "checkbox":
            return <>{token.checked ? "☑ " : "☐ "}</>;
        case "strong":
            return <strong>{inner}</strong>;
        case "em":
            return <em>{inner}</em>;
        case "del":
            return <del>{inner}</del>;
        case "codespan":
            return <code class="rounded bg-sunken px-1 font-mono text-sm">{token.text}</code>;
        case "br":
            return <br />;
        case "link":
            return <Link href={token.href}>{inner}</Link>;
        case "image":
            return <Link href={token.href}>{token.text || token.href}</Link>;
        case "text":
            return token.tokens ? inner : <>{token.text}</>;
        case "escape":
            return <>{token.text}</>;
        default: /* HTML, and what a later version may know */
            return <>{token.raw}</>;
    }
}
