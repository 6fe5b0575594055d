// A component whose code is fetched when it is first shown, or before.
import type { ComponentChildren, FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Failure } from "./notice";

export type LazyComponent<P extends object> = FunctionComponent<P> & {
    /** Fetches the code, once; it is there at the first rendering then. Never fails: who shows the component is told. */
    prefetch: () => Promise<void>;
};

export function lazy<P extends object>(
    load: () => Promise<FunctionComponent<P>>,
    meanwhile: ComponentChildren,
): LazyComponent<P> {
    let loaded: FunctionComponent<P> | null = null;
    const fetchCode = async () => {
        loaded ??= await load();
    };
    function Lazy(props: P) {
        const [state, setState] = useState<{ error: unknown; turn: number }>({
            error: null,
            turn: 0,
        });
        useEffect(() => {
            if (loaded) {
                return;
            }
            fetchCode().then(
                () => setState({ error: null, turn: state.turn + 1 }),
                (error: unknown) => setState({ error, turn: state.turn }),
            );
        }, []);
        if (loaded) {
            const Loaded = loaded;
            return <Loaded {...props} />;
        }
        return (
            <>
                {state.error ? (
                    <Failure error={state.error} retry={() => location.reload()} />
                ) : (
                    meanwhile
                )}
            </>
        );
    }
    return Object.assign(Lazy, { prefetch: () => fetchCode().catch(() => undefined) });
}
