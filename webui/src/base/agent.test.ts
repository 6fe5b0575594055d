import { expect, test } from "vitest";
import { readAgent } from "./agent";

const MOZILLA = "Mozilla/5.0";
const WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)";

test.each([
    [
        `${MOZILLA} (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/156.0.0.0 Safari/537.36`,
        "Chrome",
        "Windows",
    ],
    [
        `${MOZILLA} (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0`,
        "Edge",
        "Windows",
    ],
    [
        `${MOZILLA} (Linux; Android 10; K) ${WEBKIT} Chrome/156.0.0.0 Mobile Safari/537.36`,
        "Chrome",
        "Android",
    ],
    [
        `${MOZILLA} (Linux; Android 14; SAMSUNG SM-S921N) ${WEBKIT} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36`,
        "Samsung Internet",
        "Android",
    ],
    [`${MOZILLA} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0`, "Firefox", "Linux"],
    [
        `${MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15`,
        "Safari",
        "macOS",
    ],
    [
        `${MOZILLA} (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/139.0 Mobile/15E148 Safari/604.1`,
        "Chrome",
        "iPhone",
    ],
    ["curl/8.14.1", "curl", null],
    ["Elsewhere/1.0", null, null],
    ["", null, null],
])("%s", (agent, browser, system) => {
    expect(readAgent(agent)).toEqual({ browser, system });
});
