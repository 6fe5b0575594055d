// The form of each task that is no conversation.
import type { FunctionComponent } from "preact";
import type { Task } from "../../../base/endpoints";
import type { TaskProps } from "../trial";
import { Completions } from "./completions";
import { Embeddings } from "./embeddings";
import { Edits, Images } from "./images";
import { Moderations } from "./moderations";
import { Rerank } from "./rerank";
import { Speech } from "./speech";
import { Transcriptions, Translations } from "./transcriptions";

export const TASK_FORMS: Record<Exclude<Task, "chat">, FunctionComponent<TaskProps>> = {
    completions: Completions,
    edits: Edits,
    embeddings: Embeddings,
    images: Images,
    moderations: Moderations,
    rerank: Rerank,
    speech: Speech,
    transcriptions: Transcriptions,
    translations: Translations,
};
