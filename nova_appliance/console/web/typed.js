// SPDX-License-Identifier: Apache-2.0
// Types text as a person at a US keyboard would: the way into a guest that knows nothing of clipboards.

const SHIFT = { scan: 0x2a, symbol: 0xffe1 };
const SYMBOLS = { "\n": 0xff0d, "\t": 0xff09 };
const EVERY_MS = 40; // a guest's keyboard holds 16 bytes, and a busy guest empties it slowly
// First scan code of a row > its letters without and with Shift (set 1; codes of a row follow each other).
const ROWS = [
    [0x02, "1234567890-=", "!@#$%^&*()_+"],
    [0x0f, "\t", ""],
    [0x10, "qwertyuiop[]\n", "QWERTYUIOP{}"],
    [0x1e, "asdfghjkl;'`", "ASDFGHJKL:\"~"],
    [0x2b, "\\zxcvbnm,./", "|ZXCVBNM<>?"],
    [0x39, " ", ""],
];
const KEYS = new Map();
for (const [first, ...halves] of ROWS) {
    halves.forEach((letters, half) => [...letters].forEach((letter, at) => {
        const symbol = SYMBOLS[letter] || letter.charCodeAt(0);
        const key = { scan: first + at, symbol };
        KEYS.set(letter, half ? [SHIFT, key] : [key]);
    }));
}

/** A typist: `press({scan, symbol}, down)` hands a key to the client, `isOpen()` says whether to go on. */
export function typist(press, isOpen) {
    const waiting = [];
    let works = false;

    function next() {
        const keys = isOpen() ? waiting.shift() : undefined;
        if (!keys) {
            waiting.length = 0;
            works = false;
            return;
        }
        keys.forEach((key) => press(key, true));
        [...keys].reverse().forEach((key) => press(key, false));
        setTimeout(next, EVERY_MS);
    }

    /** Type it after what is typed now; the letters that the keyboard does not have. */
    return (text) => {
        const letters = [...text.replace(/\r\n?/g, "\n")];
        waiting.push(...letters.filter((letter) => KEYS.has(letter)).map((letter) => KEYS.get(letter)));
        if (!works) {
            works = true;
            next();
        }
        return letters.filter((letter) => !KEYS.has(letter)).join("");
    };
}
