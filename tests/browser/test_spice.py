# SPDX-License-Identifier: Apache-2.0
"""The SPICE page of a running guest in a real browser: it shows the screen and takes keys."""

import pytest
from fixtures.chromium import canvas, differing, shows_the_guest, text_of, type_until_heard

from nova_appliance.common.clock import wait_for


@pytest.fixture
def page(consoles, running, browser):
    consoles.proxy("nova-spicehtml5proxy")
    browser.get(consoles.url(running.server, "spice-html5"))
    assert wait_for(lambda: text_of(browser, "#state") == "Connected", 60), text_of(browser, "body")
    return browser


def test_the_canvas_shows_the_guests_screen_and_keys_change_it(page, running, keep_picture):
    assert shows_the_guest(page, running)
    before = canvas(page)
    page.find_element("css selector", "#screen canvas").click()
    type_until_heard(page, running, "echo spice-$((6*7)) >/dev/ttyS0", "spice-42")
    assert shows_the_guest(page, running)
    assert differing(before, canvas(page)) > 0
    keep_picture("spice", page.get_screenshot_as_png())


def test_closing_the_page_ends_all_its_channels(consoles, running, browser):
    proxy = consoles.proxy("nova-spicehtml5proxy")
    browser.get(consoles.url(running.server, "spice-html5"))
    assert wait_for(lambda: text_of(browser, "#state") == "Connected", 60)
    assert wait_for(lambda: proxy.sessions.count() >= 3, 60)
    browser.get("about:blank")
    assert wait_for(lambda: proxy.sessions.count() == 0, 60)
