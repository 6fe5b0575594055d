// What an answer with pictures is: whole, or events with pictures that are not finished yet.
import { isStream, readEvents } from "../../../api/playground";

export interface Picture {
    b64_json?: string;
    url?: string;
    revised_prompt?: string;
}

export interface Drawn {
    pictures: Picture[];
    partial: Picture | null; // of the one that is being drawn
}

interface PictureEvent extends Picture {
    type?: string; // image_generation.partial_image, image_edit.completed, ...
}

export async function readPictures(
    response: Response,
    onValue: (drawn: Drawn) => void,
): Promise<void> {
    if (!isStream(response)) {
        const { data } = (await response.json()) as { data?: (Picture | null)[] };
        onValue({ pictures: (data ?? []).filter((it) => it !== null), partial: null });
        return;
    }
    let pictures: Picture[] = [];
    await readEvents<PictureEvent>(response, (event) => {
        if (event.type?.endsWith(".partial_image")) {
            onValue({ pictures, partial: event });
        } else if (event.type?.endsWith(".completed")) {
            pictures = [...pictures, event];
            onValue({ pictures, partial: null });
        }
    });
}
