// A QR code as one path of squares, for an SVG of its size. Nothing is fetched, and the text goes
// nowhere.
import { encode } from "uqr";

const BORDER = 4; // squares of nothing around it, as ISO 18004 wants

export interface QrPath {
    size: number;
    path: string;
}

export function qrPath(text: string): QrPath {
    const { data, size } = encode(text, { ecc: "M", border: BORDER });
    const squares = data.flatMap((row, y) =>
        row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : "")),
    );
    return { size, path: squares.join("") };
}
