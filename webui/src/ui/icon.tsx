// The few pictures of the pages: strokes on a 24 by 24 grid, in the colour of the text around them.
// They are never the only name of a thing, so screen readers do not see them.

const PATHS = {
    home: "M4 11.5 12 5l8 6.5V19a1 1 0 0 1-1 1h-4.5v-5.5h-5V20H5a1 1 0 0 1-1-1z",
    usage: "M5 19V11m4.7 8V5m4.6 14v-6M19 19V8",
    keys: "M14.5 9.5a4 4 0 1 0-2.6 3.7L14 15.3h2.2v2.2h2.2V20H21v-2.8l-6.7-6.7a4 4 0 0 0 .2-1M9.6 8.6h.01",
    credits:
        "M3.5 8.5A2.5 2.5 0 0 1 6 6h11.5v3M3.5 8.5A2.5 2.5 0 0 0 6 11h14.5v8H6a2.5 2.5 0 0 1-2.5-2.5zM16.5 15h.01",
    models: "m12 3.5 8 4.25v8.5l-8 4.25-8-4.25v-8.5zm0 8.5 8-4.25M12 12 4 7.75M12 12v8.5",
    playground:
        "M4 6.5A1.5 1.5 0 0 1 5.5 5h13A1.5 1.5 0 0 1 20 6.5v9a1.5 1.5 0 0 1-1.5 1.5H10l-4.5 3.5V17H5.5A1.5 1.5 0 0 1 4 15.5zM8.5 9.5h7m-7 3.5h4",
    overview: "M4 19.5h16M5.5 15l4-4.5 3.5 3L18.5 7m0 0h-4m4 0v4",
    customers:
        "M9 11.5a3.25 3.25 0 1 0 0-6.5 3.25 3.25 0 0 0 0 6.5m-6 7.5c.4-3 2.9-5 6-5s5.6 2 6 5m.5-7.7a3 3 0 1 0-1-5.8m6.5 13.5c-.2-2.2-1.6-4-3.7-4.7",
    vouchers: "M4 6.5h16v3.6a2 2 0 0 0 0 3.8v3.6H4v-3.6a2 2 0 0 0 0-3.8zm10 0v2m0 2.5v2m0 2.5v2",
    policies: "M6 4h9l4 4v12H6zm8.5 0v4.5H19M9 12.5h7m-7 3.5h5",
    providers: "M5 4.5h14v6H5zm0 9h14v6H5zM8.5 7.5h.01m-.01 9h.01M12 7.5h4m-4 9h4",
    audit: "M12 7.5V12l3 2m5-2a8 8 0 1 1-2.6-5.9L20 8.5m0-4v4h-4",
    menu: "M4 7h16M4 12h16M4 17h16",
    eye: "M2.5 12s3.5-6.5 9.5-6.5 9.5 6.5 9.5 6.5-3.5 6.5-9.5 6.5S2.5 12 2.5 12M12 14.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6",
    eyeOff: "M4 4l16 16M9.9 5.7A9 9 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a16 16 0 0 1-3 3.7M6.5 7.3A15.600 15.600 0 0 0 2.5 12s3.500 6.500 9.500 6.500a9 9 0 0 0 4.500-1.200M10 10a2.800 2.800 0 0 0 4 4",
    close: "m6 6 12 12M18 6 6 18",
    plus: "M12 5v14m-7-7h14",
    copy: "M8.5 8.5V5a1 1 0 0 1 1-1H19a1 1 0 0 1 1 1v9.5a1 1 0 0 1-1 1h-3.5M5 8.5h9.5a1 1 0 0 1 1 1V19a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V9.5a1 1 0 0 1 1-1",
    check: "m5 12.5 4.5 4.5L19 7.5",
    warning:
        "M12 9v4.5m0 3v.01M10.7 4.6 3.3 17.4A1.5 1.5 0 0 0 4.6 19.6h14.8a1.5 1.5 0 0 0 1.3-2.2L13.3 4.6a1.5 1.5 0 0 0-2.6 0",
    info: "M12 11v5m0-8.5v.01M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0",
    down: "m6 9.5 6 6 6-6",
    right: "m9.5 6 6 6-6 6",
    left: "m14.5 6-6 6 6 6",
    docs: "M5 5.5A1.5 1.5 0 0 1 6.500 4H19v13H6.500A1.500 1.500 0 0 0 5 18.500zm0 13A1.500 1.500 0 0 0 6.500 20H19v-3M9 8h6m-6 3.500h4",
    search: "m20 20-4.5-4.5m2-5a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0",
    download: "M12 4v11m0 0-4.5-4.5M12 15l4.5-4.5M5 19.5h14",
    signout: "M14 8V5H5v14h9v-3m-4-4h10.5m0 0-3-3m3 3-3 3",
    stop: "M7 7h10v10H7z",
    send: "M5 12h14m0 0-5.5-5.5M19 12l-5.5 5.5",
    trash: "M5 7h14M10 7V4.5h4V7m-7 0 .8 12.5h8.4L17 7m-7 4v5m4-5v5",
    sun: "M12 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9M12 2.5v2m0 15v2M21.5 12h-2m-15 0h-2m16.2-6.7-1.4 1.4M6.7 17.3l-1.4 1.4m13.4 0-1.4-1.4M6.7 6.7 5.3 5.3",
    moon: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10",
    screen: "M4 5h16v11H4zm5 15h6m-3-4v4",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, class: extra = "size-5" }: { name: IconName; class?: string }) {
    return (
        <svg
            viewBox="0 0 24 24"
            class={`shrink-0 ${extra}`}
            fill="none"
            stroke="currentColor"
            stroke-width="1.6"
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
        >
            <path d={PATHS[name]} />
        </svg>
    );
}
