// What can be done with a model in the playground, told by the paths at which it answers.

interface Sold {
    supported_endpoints: readonly string[];
}

/** The paths below a mount, in the order in which they are offered. */
const PATHS = {
    chat: "/chat/completions",
    completions: "/completions",
    embeddings: "/embeddings",
    images: "/images/generations",
    edits: "/images/edits",
    speech: "/audio/speech",
    transcriptions: "/audio/transcriptions",
    translations: "/audio/translations",
    moderations: "/moderations",
    rerank: "/rerank",
} as const;

export type Task = keyof typeof PATHS;

const TASKS = Object.keys(PATHS) as Task[];

/** Whether conversations are held with a model that answers at these endpoints. */
export function talks(model: Sold): boolean {
    return tasksOf(model).includes("chat");
}

export function pathOf(task: Task): string {
    return PATHS[task];
}

export function tasksOf({ supported_endpoints }: Sold): Task[] {
    return TASKS.filter((task) =>
        supported_endpoints.some((path) =>
            task === "completions"
                ? path.endsWith(PATHS.completions) && !path.endsWith(PATHS.chat)
                : path.endsWith(PATHS[task]),
        ),
    );
}
