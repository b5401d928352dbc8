// SPDX-License-Identifier: Apache-2.0
// The page of a serial console: text as it comes, keys as terminals send them.

import { address, buttons, closing, screen, show } from "./frame.js";

const LONGEST = 200000;
const KEYS = {
    Enter: "\r", Backspace: "\x7f", Tab: "\t", Escape: "\x1b", Delete: "\x1b[3~",
    ArrowUp: "\x1b[A", ArrowDown: "\x1b[B", ArrowRight: "\x1b[C", ArrowLeft: "\x1b[D",
    Home: "\x1b[H", End: "\x1b[F", PageUp: "\x1b[5~", PageDown: "\x1b[6~",
};
// Escape sequences that move the cursor or colour text: this page shows lines, not screens.
const SEQUENCES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])/g;

const text = document.createElement("pre");
text.tabIndex = 0;
text.setAttribute("role", "log");
screen.append(text);

const decoder = new TextDecoder();
const encoder = new TextEncoder();
let lines = "";
let rest = "";

const socket = new WebSocket(address(), ["binary"]);
socket.binaryType = "arraybuffer";
socket.onopen = () => { show("open", "Connected"); text.focus(); };
socket.onclose = (event) => show("closed", closing(event));
socket.onmessage = (event) => {
    const came = rest + decoder.decode(event.data, { stream: true });
    const cut = came.lastIndexOf("\x1b");
    const isWhole = cut < 0 || came.slice(cut).replace(SEQUENCES, "").indexOf("\x1b") < 0;
    rest = isWhole || came.length - cut > 64 ? "" : came.slice(cut);
    add(came.slice(0, came.length - rest.length).replace(SEQUENCES, ""));
};

function add(words) {
    const atEnd = screen.scrollTop + screen.clientHeight >= screen.scrollHeight - 4;
    for (const letter of words) {
        if (letter === "\b") {
            lines = lines.endsWith("\n") ? lines : lines.slice(0, -1);
        } else if (letter === "\n" || letter === "\t" || letter >= " ") {
            lines += letter;
        }
    }
    lines = lines.slice(-LONGEST);
    text.textContent = lines;
    if (atEnd) {
        screen.scrollTop = screen.scrollHeight;
    }
}

function send(words) {
    if (socket.readyState === WebSocket.OPEN) {
        socket.send(encoder.encode(words));
    }
}

text.addEventListener("keydown", (event) => {
    let words = KEYS[event.key];
    if (event.ctrlKey && !event.altKey && /^[a-z[\\\]^_@]$/i.test(event.key)) {
        words = String.fromCharCode(event.key.toUpperCase().charCodeAt(0) & 31);
    } else if (!words && event.key.length === 1 && !event.metaKey && !event.ctrlKey) {
        words = event.key;
    }
    if (words) {
        event.preventDefault();
        send(words);
    }
});
text.addEventListener("paste", (event) => {
    event.preventDefault();
    send(event.clipboardData.getData("text").replace(/\r?\n/g, "\r"));
});

buttons({
    paste: (words) => { send(words.replace(/\r?\n/g, "\r")); text.focus(); },
    focus: () => text.focus(),
});
