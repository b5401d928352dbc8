// SPDX-License-Identifier: Apache-2.0
// The console's page over the noVNC library.

import RFB from "../novnc/core/rfb.js";
import { address, buttons, closing, isOpen, screen, show, tellMissing } from "./frame.js";
import { typist } from "./typed.js";

const socket = new WebSocket(address(), ["binary"]);
let end = null;
socket.addEventListener("close", (event) => { end = event; });

const rfb = new RFB(screen, socket, { shared: true });
rfb.scaleViewport = true;
rfb.background = "#000";

rfb.addEventListener("connect", () => {
    show("open", "Connected");
    rfb.focus();
});
rfb.addEventListener("disconnect", () => show("closed", closing(end)));
rfb.addEventListener("securityfailure", (event) => {
    show("closed", "The server's console refused: " + (event.detail.reason || "no reason given"));
});

const type = typist((key, down) => rfb.sendKey(key.symbol, null, down), isOpen);

buttons({
    ctrlAltDel: () => { rfb.sendCtrlAltDel(); rfb.focus(); },
    paste: (text) => { tellMissing(type(text)); rfb.focus(); },
    focus: () => rfb.focus(),
});
