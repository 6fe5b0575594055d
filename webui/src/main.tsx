import { render } from "preact";
import { App } from "./app";
import { startLanguage } from "./i18n";
import { Unreachable } from "./pages/unreachable";
import { startFloor } from "./state/floor";
import { startPresses } from "./state/press";
import { startRouter } from "./state/router";
import { startSession } from "./state/session";
import { startSite } from "./state/site";
import "./style.css";

async function start(root: HTMLElement): Promise<void> {
    startRouter();
    startPresses();
    startFloor();
    await startLanguage();
    try {
        await Promise.all([startSession(), startSite()]);
        render(<App />, root);
    } catch (error) {
        render(<Unreachable error={error} />, root);
    }
}

void start(document.getElementById("app") as HTMLElement);
