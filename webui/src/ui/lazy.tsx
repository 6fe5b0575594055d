// A component whose code is fetched when it is first shown.
import type { ComponentChildren, FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Failure } from "./notice";

export function lazy<P extends object>(
    load: () => Promise<FunctionComponent<P>>,
    meanwhile: ComponentChildren,
): FunctionComponent<P> {
    let loaded: FunctionComponent<P> | null = null;
    return function Lazy(props: P) {
        const [state, setState] = useState<{ error: unknown; turn: number }>({
            error: null,
            turn: 0,
        });
        useEffect(() => {
            if (loaded) {
                return;
            }
            load().then(
                (component) => {
                    loaded = component;
                    setState({ error: null, turn: state.turn + 1 });
                },
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
    };
}
