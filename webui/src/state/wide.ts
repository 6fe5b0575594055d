// Whether the menu stands beside the page: tailwind's `lg`. What is not seen is not built, which is
// half of the first rendering on a phone.
import { signal } from "@preact/signals";

const query = matchMedia("(min-width: 64rem)");
export const isWide = signal(query.matches);
query.addEventListener("change", () => (isWide.value = query.matches));
