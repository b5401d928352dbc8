// SPDX-License-Identifier: Apache-2.0
// The console's page over the SPICE HTML5 client; it opens a socket for each channel.

import { Constants } from "../spice/enums.js";
import { SpiceMainConn } from "../spice/main.js";
import { SpiceMiniData, SpiceMsgcKeyDown, SpiceMsgcKeyUp } from "../spice/spicemsg.js";
import { address, buttons, closing, isOpen, screen, show, tellMissing } from "./frame.js";
import { typist } from "./typed.js";

const CTRL_ALT_DEL = [0x1d, 0x38, 0x53e0];

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

// The client's own Ctrl-Alt-Del leaves its keys down in the guest when none was typed before.
function press(scan, down) {
    const key = down ? new SpiceMsgcKeyDown() : new SpiceMsgcKeyUp();
    key.code = down ? scan : scan | (scan > 0xff ? 0x8000 : 0x80);
    const message = new SpiceMiniData();
    message.build_msg(Constants[`SPICE_MSGC_INPUTS_KEY_${down ? "DOWN" : "UP"}`], key);
    connection.inputs.send_msg(message);
}

function ctrlAltDel() {
    CTRL_ALT_DEL.forEach((scan) => press(scan, true));
    [...CTRL_ALT_DEL].reverse().forEach((scan) => press(scan, false));
    focus();
}

const type = typist((key, down) => press(key.scan, down), isOpen);

buttons({ ctrlAltDel, paste: (text) => { tellMissing(type(text)); focus(); }, focus });
