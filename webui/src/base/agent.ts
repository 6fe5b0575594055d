// What a browser's User-Agent says, in the names that people know. Order matters: most browsers also
// say the names of others.

const BROWSERS: readonly (readonly [RegExp, string])[] = [
    [/\bEdg(e|A|iOS)?\//, "Edge"],
    [/\bOPR\/|\bOpera\b/, "Opera"],
    [/\bSamsungBrowser\//, "Samsung Internet"],
    [/\bWhale\//, "Whale"],
    [/\bYaBrowser\//, "Yandex"],
    [/\bVivaldi\//, "Vivaldi"],
    [/\bFirefox\/|\bFxiOS\//, "Firefox"],
    [/\bHeadlessChrome\/|\bChrome\/|\bCriOS\//, "Chrome"],
    [/\bVersion\/[\d.]+.*\bSafari\//, "Safari"],
    [/^curl\//, "curl"],
    [/\bpython-(requests|httpx)/i, "Python"],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
    [/\biPhone\b/, "iPhone"],
    [/\biPad\b/, "iPad"],
    [/\bAndroid\b/, "Android"],
    [/\bCrOS\b/, "ChromeOS"],
    [/\bWindows\b/, "Windows"],
    [/\bMac OS X\b|\bMacintosh\b/, "macOS"],
    [/\bLinux\b/, "Linux"],
];

const first = (names: readonly (readonly [RegExp, string])[], agent: string) =>
    names.find(([pattern]) => pattern.test(agent))?.[1] ?? null;

export interface Agent {
    browser: string | null;
    system: string | null;
}

export function readAgent(agent: string): Agent {
    return { browser: first(BROWSERS, agent), system: first(SYSTEMS, agent) };
}
