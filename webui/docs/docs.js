// The documentation works without this file, but for the search, the buttons that copy, and the
// address in the examples where the operator has set none.

// ---- the address ----

const PLACE = "http://127.0.0.1:3000";

function putAddress() {
    if (document.documentElement.dataset.origin !== PLACE || location.origin === PLACE) {
        return;
    }
    const texts = document.createTreeWalker(
        document.querySelector("article"),
        NodeFilter.SHOW_TEXT,
    );
    while (texts.nextNode()) {
        const node = texts.currentNode;
        if (node.data.includes(PLACE)) {
            node.data = node.data.replaceAll(PLACE, location.origin);
        }
    }
}

// ---- copying ----

function offerCopies() {
    for (const button of document.querySelectorAll(".copy")) {
        button.hidden = false;
        button.addEventListener("click", async () => {
            await navigator.clipboard.writeText(
                button.closest(".code").querySelector("code").innerText,
            );
            button.textContent = "Copied";
            setTimeout(() => (button.textContent = "Copy"), 2000);
        });
    }
}

// ---- searching ----

const SHOWN_MAX = 12;
const AROUND = 60;

const field = document.getElementById("search");
const found = document.getElementById("found");
const none = document.getElementById("found-none");
let index = null;
let chosen = -1;

async function load() {
    index ??= fetch(field.dataset.index).then((answer) => (answer.ok ? answer.json() : []));
    return index;
}

function wordsOf(text) {
    return text.toLowerCase().split(/\s+/).filter(Boolean);
}

/** What stands in a title counts most; every word must be somewhere. 0: it is not found. */
function score(entry, words) {
    const title = entry.p.toLowerCase();
    const heading = entry.h.toLowerCase();
    const text = entry.t.toLowerCase();
    let sum = 0;
    for (const word of words) {
        const points =
            (heading === word
                ? 20
                : heading.startsWith(word)
                  ? 12
                  : heading.includes(word)
                    ? 8
                    : 0) +
            (title.includes(word) ? (entry.h === "" ? 12 : 3) : 0) +
            (text.includes(word) ? 1 : 0);
        if (points === 0) {
            return 0;
        }
        sum += points;
    }
    return sum;
}

function excerpt(text, words) {
    const at = text.toLowerCase().indexOf(words.find((word) => text.toLowerCase().includes(word)));
    const from = Math.max(0, at - AROUND);
    return (from > 0 ? "\u2026 " : "") + text.slice(from, from + 3 * AROUND);
}

function item(entry, words, number) {
    const line = document.createElement("li");
    const title = document.createElement("b");
    const text = document.createElement("span");
    line.id = `found-${number}`;
    line.role = "option";
    line.dataset.url = entry.u;
    title.textContent = entry.h === "" ? entry.p : `${entry.p}: ${entry.h}`;
    text.textContent = excerpt(entry.t, words);
    line.append(title, text);
    return line;
}

function close() {
    found.hidden = true;
    field.setAttribute("aria-expanded", "false");
    choose(-1);
}

function choose(number) {
    chosen = number;
    for (const [at, line] of [...found.children].entries()) {
        line.setAttribute("aria-selected", String(at === number));
    }
    const line = found.children[number];
    if (line) {
        field.setAttribute("aria-activedescendant", line.id);
        line.scrollIntoView({ block: "nearest" });
    } else {
        field.removeAttribute("aria-activedescendant");
    }
}

async function search() {
    const words = wordsOf(field.value);
    const entries = await load();
    if (words.join(" ") !== wordsOf(field.value).join(" ")) {
        return; // more was typed meanwhile
    }
    const best = (words.length === 0 ? [] : entries)
        .map((entry) => [score(entry, words), entry])
        .filter(([points]) => points > 0)
        .sort(([a], [b]) => b - a)
        .slice(0, SHOWN_MAX);
    found.replaceChildren(...best.map(([, entry], number) => item(entry, words, number)));
    found.hidden = best.length === 0;
    field.setAttribute("aria-expanded", String(best.length > 0));
    none.textContent = words.length === 0 ? "" : `${best.length} found`;
    choose(best.length > 0 ? 0 : -1);
}

function onKey(event) {
    const count = found.children.length;
    if (event.key === "Escape") {
        field.value = "";
        close();
    } else if (found.hidden || count === 0) {
        return;
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        choose((chosen + (event.key === "ArrowDown" ? 1 : count - 1)) % count);
    } else if (event.key === "Enter" && chosen >= 0) {
        event.preventDefault();
        location.assign(found.children[chosen].dataset.url);
        close();
    }
}

function offerSearch() {
    field.parentNode.hidden = false;
    field.addEventListener("focus", load, { once: true });
    field.addEventListener("input", search);
    field.addEventListener("keydown", onKey);
    field.addEventListener("blur", close);
    found.addEventListener("pointerdown", (event) => {
        const line = event.target.closest("li");
        event.preventDefault();
        if (line) {
            location.assign(line.dataset.url);
            close();
        }
    });
    document.addEventListener("keydown", (event) => {
        const typing = event.target.closest("input, textarea, select, [contenteditable]");
        if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
            event.preventDefault();
            field.focus();
        }
    });
}

/** In a long menu the page that is shown may be far down. Told when the menu has been laid out (on a
 * narrow screen: opened), for asking would have it laid out at once, and the whole page with it. */
function showPlace() {
    const menu = document.getElementById("menu");
    const here = menu?.querySelector("[aria-current]");
    if (!here) {
        return;
    }
    const watcher = new IntersectionObserver((entries) => {
        if (entries.some(({ boundingClientRect }) => boundingClientRect.height > 0)) {
            watcher.disconnect();
            menu.scrollTop = here.offsetTop - menu.clientHeight / 3;
        }
    });
    watcher.observe(here);
}

putAddress();
offerCopies();
showPlace();
if (field) {
    offerSearch();
}
