// SHA-256 in plain JavaScript: crypto.subtle is not there on pages that come by http, and gives each
// hash in a promise of its own, which a proof of work cannot wait for.

const K = new Uint32Array(64);
const START = new Uint32Array(8);

/** The first 32 bits behind the point of a root. */
const fraction = (root: number) => ((root - Math.floor(root)) * 2 ** 32) | 0;

for (let candidate = 2, found = 0; found < 64; candidate++) {
    let isPrime = true;
    for (let factor = 2; factor * factor <= candidate; factor++) {
        isPrime = isPrime && candidate % factor !== 0;
    }
    if (isPrime) {
        if (found < 8) {
            START[found] = fraction(Math.sqrt(candidate));
        }
        K[found++] = fraction(Math.cbrt(candidate));
    }
}

const turn = (word: number, bits: number) => (word >>> bits) | (word << (32 - bits));

const words = new Uint32Array(64);

function compress(state: Uint32Array, block: DataView, at: number): void {
    for (let i = 0; i < 16; i++) {
        words[i] = block.getUint32(at + 4 * i);
    }
    for (let i = 16; i < 64; i++) {
        const early = words[i - 15]!;
        const late = words[i - 2]!;
        const s0 = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
        const s1 = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
        words[i] = words[i - 16]! + s0 + words[i - 7]! + s1;
    }
    let [a, b, c, d, e, f, g, h] = state as unknown as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
    ];
    for (let i = 0; i < 64; i++) {
        const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
        const one = (h + s1 + ((e & f) ^ (~e & g)) + K[i]! + words[i]!) | 0;
        const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
        const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g;
        g = f;
        f = e;
        e = (d + one) | 0;
        d = c;
        c = b;
        b = a;
        a = (one + two) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] = state[i]! + word));
}

/** The hash of an ASCII text, as eight numbers of 32 bits. */
export function sha256(text: string): Uint32Array {
    const bytes = new Uint8Array(((text.length + 8) >> 6) * 64 + 64);
    for (let i = 0; i < text.length; i++) {
        bytes[i] = text.charCodeAt(i);
    }
    bytes[text.length] = 0x80;
    const view = new DataView(bytes.buffer);
    view.setUint32(bytes.length - 4, text.length * 8);
    const state = START.slice();
    for (let at = 0; at < bytes.length; at += 64) {
        compress(state, view, at);
    }
    return state;
}

/** The zero bits with which the hash of a text begins. */
export function leadingZeros(text: string): number {
    let zeros = 0;
    for (const word of sha256(text)) {
        zeros += Math.clz32(word);
        if (word !== 0) {
            break;
        }
    }
    return zeros;
}

/** The first number that solves a challenge of the gateway, behind a colon. */
export function solve(challenge: string, bits: number): string {
    for (let number = 0; ; number++) {
        const proof = `${challenge}:${number}`;
        if (leadingZeros(proof) >= bits) {
            return proof;
        }
    }
}
