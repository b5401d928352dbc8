// SPDX-License-Identifier: Apache-2.0
// The console's page over the SPICE HTML5 client; it opens a socket for each channel.

import { SpiceMainConn, sendCtrlAltDel } from "../spice/main.js";
import { address, buttons, closing, screen, show } from "./frame.js";

let isOver = false;

function over(words) {
    if (!isOver) {
        isOver = true;
        show("closed", words);
    }
}

function focus() {
    const canvas = screen.querySelector("canvas");
    if (canvas) {
        canvas.focus();
    }
}

// The client drops keys without a word until its channel of inputs is ready, which is later than it says "Connected".
function openWithKeys() {
    const inputs = connection.inputs;
    if (inputs && inputs.state === "ready") {
        show("open", "Connected");
    } else if (!isOver) {
        setTimeout(openWithKeys, 50);
    }
}

// The client keeps surfaces there that are not on the screen.
const aside = document.createElement("div");
aside.id = "aside";
aside.hidden = true;
document.body.append(aside);

const connection = new SpiceMainConn({
    uri: address(),
    screen_id: "screen",
    dump_id: "aside",
    password: "",
    onsuccess: openWithKeys,
    // The close frame, which comes right after, has the better words.
    onerror: (error) => setTimeout(() => over(String(error && error.message || error)), 500),
});
connection.ws.addEventListener("close", (event) => {
    over(closing(event));
    connection.stop();
});

buttons({ ctrlAltDel: () => { sendCtrlAltDel(connection); focus(); }, focus });
