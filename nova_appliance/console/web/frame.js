// SPDX-License-Identifier: Apache-2.0
// What the pages of all clients share: where to connect, the line of state, the buttons.

export const screen = document.getElementById("screen");
const state = document.getElementById("state");
const keys = document.getElementById("keys");

/** Address of the session: noVNC's links carry it in `path`, the others a token. */
export function address() {
    const query = new URLSearchParams(location.search);
    const path = query.get("path") || "?token=" + encodeURIComponent(query.get("token") || "");
    const url = new URL(path, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    url.host = location.host;
    url.hash = "";
    return url.href;
}

/** Show where the session is: connecting, open or closed. */
export function show(what, words) {
    document.body.dataset.state = what;
    state.textContent = words;
    for (const button of document.querySelectorAll("button[data-live]")) {
        button.disabled = what !== "open";
    }
}

/** Whether keys reach the server now. */
export function isOpen() {
    return document.body.dataset.state === "open";
}

/** Say what was not typed of a text; nothing when all of it was. */
export function tellMissing(letters) {
    if (letters) {
        state.textContent = `Letters without a key on a US keyboard were left out: ${letters}`;
    }
}

/** Let the session's buttons do something; `paste` only where the client can. */
export function buttons(deeds) {
    keys.dataset.live = "yes";
    keys.onclick = deeds.ctrlAltDel;
    keys.hidden = !deeds.ctrlAltDel;
    const paste = document.getElementById("paste");
    if (deeds.paste && navigator.clipboard && navigator.clipboard.readText) {
        paste.hidden = false;
        paste.dataset.live = "yes";
        paste.onclick = () => navigator.clipboard.readText().then(deeds.paste, () => {
            state.textContent = "The browser did not let this page read the clipboard.";
        });
    }
    document.getElementById("full").onclick = () => {
        if (document.fullscreenElement) {
            document.exitFullscreen();
        } else {
            screen.requestFullscreen().catch(() => undefined);
        }
        deeds.focus();
    };
}

/** Tell of the end with the proxy's own words, which come in the close frame. */
export function closing(event) {
    return event && event.reason ? event.reason : "The connection was closed. Reload to try again.";
}
