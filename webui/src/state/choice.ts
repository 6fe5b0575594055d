// What a page shows besides its list (the measure of a chart, a part that is opened): in the address, so
// that it is still so when one comes back. What is usual does not stand there.
import { place, setAside } from "./router";

type Choice<T> = [chosen: T, choose: (value: T) => void];

/** One of `known`, the first if nothing else is chosen. */
export function useChoice<T extends string>(name: string, known: readonly [T, ...T[]]): Choice<T> {
    const [usual] = known;
    const [word, choose] = useWord(name);
    const chosen = known.find((value) => value === word) ?? usual;
    return [chosen, (value) => choose(value === usual ? "" : value)];
}

/** Any word; "" is none. */
export function useWord(name: string): Choice<string> {
    return [place.value.query.get(name) ?? "", (word) => setAside({ [name]: word })];
}
