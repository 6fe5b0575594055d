import { qrPath } from "../base/qr";

/** Dark on white in every theme: cameras need it so. */
export function QrCode({ text, label }: { text: string; label: string }) {
    const { size, path } = qrPath(text);
    return (
        <svg
            role="img"
            aria-label={label}
            viewBox={`0 0 ${size} ${size}`}
            shape-rendering="crispEdges"
            class="size-52 max-w-full rounded-lg border border-line"
        >
            <rect width={size} height={size} fill="#fff" />
            <path d={path} fill="#000" />
        </svg>
    );
}
