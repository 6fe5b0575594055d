// The proof of work that a sign-up may ask for. It is begun when the page opens, so that it is mostly
// there when the form is filled in.
import { useEffect, useRef } from "preact/hooks";
import { getChallenge } from "../api/account";

interface Task {
    proof: Promise<string>;
    until: number; // milliseconds; the gateway takes it no longer
    stop: () => void;
}

const SPARE_MS = 30_000; // for the way to the gateway

function solveBeside(challenge: string, bits: number, workers: Worker[]): Promise<string> {
    return new Promise((resolve, reject) => {
        const worker = new Worker(new URL("./proofworker.ts", import.meta.url), { type: "module" });
        workers.push(worker);
        worker.onmessage = ({ data }: MessageEvent<string>) => {
            worker.terminate();
            resolve(data);
        };
        worker.onerror = () => reject(new Error("The proof of work cannot be computed here."));
        worker.postMessage({ challenge, bits });
    });
}

async function begin(): Promise<Task> {
    const { challenge, bits, expires_at } = await getChallenge();
    const workers: Worker[] = [];
    return {
        proof: solveBeside(challenge, bits, workers),
        until: new Date(expires_at).getTime() - SPARE_MS,
        stop: () => workers.forEach((worker) => worker.terminate()),
    };
}

/** Returns what gives a fresh proof, for one try; undefined where none is asked. */
export function useProof(bits: number): () => Promise<string | undefined> {
    const task = useRef<Promise<Task> | null>(null);
    const stop = () => {
        void task.current?.then((it) => it.stop()).catch(() => undefined);
        task.current = null;
    };
    const start = () => {
        const begun = begin();
        begun.then(({ proof }) => proof).catch(() => undefined); // told when it is wanted
        return (task.current = begun);
    };
    useEffect(() => {
        if (bits > 0) {
            void start();
        }
        return stop;
    }, [bits]);
    return async () => {
        if (bits === 0) {
            return undefined;
        }
        let mine: Task | null = null;
        try {
            mine = await (task.current ?? start());
        } catch {
            mine = null; // the challenge could not be had when the page was opened
        }
        if (!mine || mine.until <= Date.now()) {
            stop();
            mine = await start();
        }
        task.current = null; // each is taken once
        return mine.proof;
    };
}
