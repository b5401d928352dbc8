# SPDX-License-Identifier: Apache-2.0
"""The serial console of a running guest: its own WebSocket, and its page in a real browser."""

from fixtures.chromium import text_of
from fixtures.console_stage import WebClient
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from nova_appliance.common.clock import wait_for


def read_until(client, words):
    got = b""
    while words not in got:
        more = client.read(1)
        assert more, got
        got += more
    return got


def test_a_shell_answers_by_websocket_and_its_words_are_in_the_log(consoles, running):
    proxy = consoles.proxy("nova-serialproxy")
    url = consoles.url(running.server, "serial")
    client = WebClient(proxy.port, url.partition(str(proxy.port))[2])
    client.send(b"\recho by-$((6 * 7))\r")
    read_until(client, b"by-42\r\n")
    running.hear("by-42")
    client.close()
    assert wait_for(lambda: proxy.sessions.count() == 0, 60)


def test_one_at_a_time_talks_to_the_port(consoles, running):
    proxy = consoles.proxy("nova-serialproxy")
    secret = consoles.secret(running.server, "serial")
    first = WebClient(proxy.port, f"/?token={secret}")
    second = WebClient(proxy.port, f"/?token={secret}")
    assert (first.status, second.status) == (101, 409)
    first.close()
    second.close()
    assert wait_for(lambda: proxy.sessions.count() == 0, 60)


def test_the_page_shows_what_the_shell_says_and_sends_what_is_typed(
    consoles, running, browser, keep_picture
):
    proxy = consoles.proxy("nova-serialproxy")
    secret = consoles.secret(running.server, "serial")
    browser.get(f"http://127.0.0.1:{proxy.port}/serial.html?token={secret}")
    assert wait_for(lambda: text_of(browser, "#state") == "Connected", 60), text_of(browser, "body")
    page = ActionChains(browser)
    page.send_keys(Keys.ENTER, "echo page-$((6 * 7))", Keys.ENTER).perform()
    assert wait_for(lambda: "page-42" in text_of(browser, "pre"), 60), text_of(browser, "pre")
    keep_picture("serial", browser.get_screenshot_as_png())
