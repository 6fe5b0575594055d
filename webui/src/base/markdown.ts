// The Markdown of answers: what a model writes is anybody's text, so it becomes elements of ours,
// never HTML of its own.
import { Lexer, type Token } from "marked";

const CHARACTERS_MAX = 200_000; // longer ones are shown as they came
const DEPTH_MAX = 24;

interface Parent {
    tokens?: Token[] | undefined;
    items?: Token[];
}

function depthOf(tokens: readonly Token[], limit: number): number {
    if (limit === 0 || tokens.length === 0) {
        return 0;
    }
    const depths = tokens.map((token) => {
        const { tokens: inner = [], items = [] } = token as Parent;
        return depthOf([...inner, ...items], limit - 1);
    });
    return 1 + Math.max(...depths);
}

/** Null: it is better shown as it came, because it is very long or nested by the hundred. */
export function parseMarkdown(text: string): Token[] | null {
    if (text.length > CHARACTERS_MAX) {
        return null;
    }
    try {
        const tokens = Lexer.lex(text, { gfm: true });
        return depthOf(tokens, DEPTH_MAX) < DEPTH_MAX ? tokens : null;
    } catch {
        return null; // the parser goes as deep as the text does
    }
}

/** An address that a link may lead to: of another page, or a mail. */
export function safeAddress(address: string): string | null {
    return /^(https?:\/\/|mailto:)/i.test(address) ? address : null;
}
