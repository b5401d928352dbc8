# SPDX-License-Identifier: Apache-2.0
"""The buttons of the consoles' pages, pressed in a real browser: the guest and the screen feel them."""

import pytest
from fixtures.chromium import chromium, text_of
from fixtures.console_stage import WebClient

from nova_appliance.common import ids
from nova_appliance.common.clock import wait_for

PROXIES = {
    "novnc": "nova-novncproxy", "spice-html5": "nova-spicehtml5proxy", "serial": "nova-serialproxy",
}  # fmt: skip
SCREENS = ("novnc", "spice-html5")
CAD_PID = "/proc/sys/kernel/cad_pid"
TRAP = (
    f'sh -c \'trap "echo 1 >{CAD_PID}; echo felt-$1-\\$((6*7)); exit" INT; echo $$ >{CAD_PID};'
    " echo armed-$1-$((6*7)); while :; do sleep 1; done' x "
)
"""A shell to which the kernel says that Ctrl-Alt-Del was pressed: in place of init, which restarts."""
COPY = "const done = arguments[1]; navigator.clipboard.writeText(arguments[0]).then(() => done(), done)"


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    """One browser for all pages, which may use the clipboard."""
    with chromium(tmp_path_factory.mktemp("chromium")) as made:
        made.execute_cdp_cmd(
            "Browser.grantPermissions",
            {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]},
        )
        yield made


@pytest.fixture
def open_(consoles, running, window):
    def opened(kind):
        proxy = consoles.proxy(PROXIES[kind])
        url = consoles.url(running.server, kind)
        if kind == "serial":  # its link is for WebSockets
            secret = consoles.secret(running.server, kind)
            url = f"http://127.0.0.1:{proxy.port}/serial.html?token={secret}"
        window.get(url)
        assert wait_for(lambda: text_of(window, "#state") == "Connected", 60), text_of(
            window, "body"
        )
        return window

    return opened


@pytest.fixture
def armed(consoles, running):
    """A word that the guest says when it feels Ctrl-Alt-Del; it restarts no more meanwhile."""
    proxy = consoles.proxy("nova-serialproxy")
    client = WebClient(proxy.port, f"/?token={consoles.secret(running.server, 'serial')}")
    word = ids.new_id()[:8]
    client.send(f"\r{TRAP}{word}\r".encode())
    running.hear(f"armed-{word}-42", 60)
    yield f"felt-{word}-42"
    client.send(b"\x03")
    client.close()


def press(page, button):
    page.find_element("id", button).click()


def paste(page, words):
    assert page.execute_async_script(COPY, words) is None
    press(page, "paste")


@pytest.mark.parametrize("kind", SCREENS)
def test_ctrl_alt_del_is_felt_and_no_key_stays_down(open_, running, armed, kind):
    page = open_(kind)
    press(page, "keys")
    running.hear(armed, 60)
    said = pasted(page, running)
    assert f"{said}: Some-$*()>Signs" in running.said()


def pasted(page, running):
    """A line of letters and signs, pasted until the guest has carried it out: keys may be lost."""
    for _ in range(4):
        word = ids.new_id()[:8]
        paste(page, f'clear; echo "{word}: Some-\\$*()>Signs" | tee /dev/ttyS0\n')
        if wait_for(lambda word=word: f"{word}: Some-$*()>Signs" in running.said(), 20, 0.2):
            return word
    raise AssertionError(running.said()[-2000:])


def test_a_serial_page_sends_what_is_pasted(open_, running):
    word = ids.new_id()[:8]
    paste(open_("serial"), f"\necho {word}-$((6*7))\n")
    running.hear(f"{word}-42", 60)


def test_the_screen_fills_the_display(open_):
    page = open_("novnc")
    press(page, "full")
    full = "return document.fullscreenElement && document.fullscreenElement.id"
    assert wait_for(lambda: page.execute_script(full) == "screen", 30, 0.1)
    page.execute_async_script("document.exitFullscreen().then(arguments[0])")
    assert page.execute_script(full) is None


def test_letters_without_a_key_are_named(open_):
    page = open_("novnc")
    paste(page, "é€")
    left_out = "Letters without a key on a US keyboard were left out: é€"
    assert wait_for(lambda: text_of(page, "#state") == left_out, 30, 0.1), text_of(page, "#state")
