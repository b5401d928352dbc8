# SPDX-License-Identifier: Apache-2.0
"""The noVNC page of a running guest in a real browser: it shows the screen and takes keys."""

import datetime as dt
import sys
from pathlib import Path

import pytest
from fixtures.chromium import canvas, differing, shows_the_guest, text_of, type_until_heard

from nova_appliance.common.clock import wait_for

sys.path.insert(0, str(Path(__file__).parent))

from conftest import boot


@pytest.fixture
def page(consoles, running, browser):
    consoles.proxy("nova-novncproxy")
    browser.get(consoles.url(running.server, "novnc"))
    assert wait_for(lambda: text_of(browser, "#state") == "Connected", 60), text_of(browser, "body")
    return browser


def test_the_canvas_shows_the_guests_screen(page, running, keep_picture):
    assert shows_the_guest(page, running)
    lit = (canvas(page).max(axis=2) > 100).mean()
    assert lit > 0.001, "there is text on the screen"
    keep_picture("novnc", page.get_screenshot_as_png())
    assert text_of(page, "#server") == "first <server>"


def test_keys_reach_the_guest_and_their_effect_is_seen(page, running):
    assert shows_the_guest(page, running)
    before = canvas(page)
    page.find_element("css selector", "#screen canvas").click()
    type_until_heard(page, running, "echo typed-$((6*7)) >/dev/ttyS0", "typed-42")
    assert shows_the_guest(page, running)
    assert differing(before, canvas(page)) > 0


def test_a_page_by_https_shows_the_guest_too(consoles, running, browser, pki):
    """Browser to proxy by TLS, proxy to QEMU by VeNCrypt: nothing is plain."""
    conf = consoles.cloud.conf
    for name in ("cert", "key"):
        conf.set_override(name, str(pki.folder / "proxy" / f"{name}.pem"))
    conf.set_override("ssl_only", True)
    try:
        proxy = consoles.proxy("nova-novncproxy")
        base = f"https://127.0.0.1:{proxy.port}/vnc_auto.html"
        conf.set_override("novncproxy_base_url", base, "vnc")
        browser.get(consoles.url(running.server, "novnc"))
        connected = wait_for(lambda: text_of(browser, "#state") == "Connected", 60)
        assert connected, text_of(browser, "body")
        assert shows_the_guest(browser, running)
    finally:
        for name in ("cert", "key", "ssl_only"):
            conf.clear_override(name)


def test_a_guest_that_stops_closes_the_page_in_order(consoles, driver, image, daemons, browser):
    proxy = consoles.proxy("nova-novncproxy")
    made = boot(driver, consoles, image, daemons.uri)
    url = consoles.url(made.server, "novnc")
    browser.get(url)
    assert wait_for(lambda: text_of(browser, "#state") == "Connected", 60)
    driver.power.off(made.server.id, 0)
    ended = "The server's console was closed: it may be off now."
    assert wait_for(lambda: text_of(browser, "#state") == ended, 60), text_of(browser, "body")
    assert wait_for(lambda: proxy.sessions.count() == 0, 60)
    browser.get(url)
    assert "does not run at the place" in text_of(browser, "body")
    driver.lifecycle.destroy(made.server.id)


def test_a_link_that_has_ended_says_so(consoles, running, browser):
    consoles.proxy("nova-novncproxy")
    url = consoles.url(running.server, "novnc")
    consoles.clock.ahead = dt.timedelta(seconds=601)
    browser.get(url)
    assert text_of(browser, "h1") == "This link does not work any more"


def test_a_foreign_page_cannot_open_the_console(consoles, running, browser):
    proxy = consoles.proxy("nova-novncproxy")
    secret = consoles.secret(running.server, "novnc")
    browser.get(f"http://localhost:{proxy.port}/static/console.css")  # another origin
    code = browser.execute_async_script(
        "const done = arguments[1];"
        "const socket = new WebSocket(arguments[0]);"
        "socket.onopen = () => done('open'); socket.onclose = (event) => done(event.code);",
        f"ws://127.0.0.1:{proxy.port}/?token={secret}",
    )
    assert code == 1006
    assert proxy.sessions.count() == 0
