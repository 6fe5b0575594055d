// Solves a challenge beside the page, which stays usable meanwhile.
import { solve } from "../base/sha256";

addEventListener("message", ({ data }: MessageEvent<{ challenge: string; bits: number }>) =>
    postMessage(solve(data.challenge, data.bits)),
);
