import { render } from "preact";
import { App, prefetchPage } from "./app";
import { startLanguage } from "./i18n";
import { Unreachable } from "./pages/unreachable";
import { startFloor } from "./state/floor";
import { startFocus } from "./state/focus";
import { startIntents } from "./state/intent";
import { startPresses } from "./state/press";
import { place, startRouter } from "./state/router";
import { startSession } from "./state/session";
import { startSite } from "./state/site";
import "./style.css";

async function start(root: HTMLElement): Promise<void> {
    startRouter();
    startIntents(prefetchPage);
    startFocus();
    startPresses();
    startFloor();
    await startLanguage();
    try {
        await Promise.all([startSession(), startSite(), prefetchPage(place.value.path)]);
        root.replaceChildren();
        render(<App />, root);
    } catch (error) {
        root.replaceChildren();
        render(<Unreachable error={error} />, root);
    }
}

void start(document.getElementById("app") as HTMLElement);
