# SPDX-License-Identifier: Apache-2.0
"""What `openstack console url show` says of a real guest, and what `up` prints, opened truly."""

import re
import urllib.parse
import urllib.request

import numpy as np
import pytest
from fixtures.chromium import differing
from fixtures.console_stage import WebClient
from fixtures.rfb_client import RETURN, Connect, RfbClient
from fixtures.spice_client import MAIN, Channel
from PIL import Image

from nova_appliance.common.clock import SYSTEM, wait_for
from nova_appliance.embedded import firstboot, guide

pytestmark = pytest.mark.timeout(600)
CHANNELS_LIST = 104


@pytest.fixture
def told(cloud, servers):
    """The URL of server `two`, which rests, as the command says it."""

    def tell(flag):
        words = ("console", "url", "show", f"--{flag}", "-f", "json", "two")
        url = cloud.whole.openstack(*words)["url"]
        return urllib.parse.urlsplit(url)

    return tell


def fetch(url, path=None):
    """Status and text of a page, or of a file beside it."""
    whole = urllib.parse.urljoin(url.geturl(), path) if path else url.geturl()
    with urllib.request.urlopen(whole, timeout=60) as answer:
        return answer.read().decode()


def has_the_page(url, name, script, library):
    """The page of this server with its script and the client's library, as a browser loads them."""
    page = fetch(url)
    assert f'id="server">{name}<' in page
    assert f"static/{script}" in page
    assert library in fetch(url, f"static/{script}")
    assert "export default class" in fetch(url, "novnc/core/rfb.js")


def by_novnc(url):
    """What the page does with its link."""
    (path,) = urllib.parse.parse_qs(url.query)["path"]
    return RfbClient(WebClient(url.port, f"/{path}", Origin=f"http://{url.netloc}"))


def by_xvp(url):
    return RfbClient(Connect(url.port, f"{url.path}?{url.query}"), version=b"003.003")


def screenshot(cloud, server):
    """What QEMU shows, by libvirt."""
    file = cloud.machine.folder / "shot.ppm"
    cloud.machine.virsh("screenshot", server, str(file))
    with Image.open(file) as picture:
        return np.asarray(picture.convert("RGB"))


def shows(client, cloud, server):
    """Whether its pixels are those that libvirt sees, and there is text among them."""
    seen, truth = client.screen(), screenshot(cloud, server)
    return differing(seen, truth) < 0.002 and (seen.max(axis=2) > 100).mean() > 0.001


def types(client, cloud, server, word):
    """A line typed into the screen is carried out; typed again where a guest without time lost keys."""
    for _ in range(4):
        for letter in f"echo {word}-$((6*7)) >/dev/ttyS0":
            client.type_letter(letter)
            SYSTEM.sleep(0.05)  # QEMU's keyboard holds 16 bytes only
        client.press(RETURN)
        if wait_for(lambda: f"{word}-42" in cloud.said(server), 20, 0.2):
            return True
    return False


@pytest.mark.parametrize(
    ("flag", "open_"), [("novnc", by_novnc), ("xvpvnc", by_xvp)], ids=["novnc", "xvpvnc"]
)
def test_a_screen_shows_the_guest_and_takes_keys(cloud, servers, told, flag, open_):
    url = told(flag)
    if flag == "novnc":
        has_the_page(url, "two", "novnc.js", "../novnc/core/rfb.js")
    client = open_(url)
    assert wait_for(lambda: shows(client, cloud, servers[1]), 60, 0.2)
    assert types(client, cloud, servers[1], flag)
    assert wait_for(lambda: shows(client, cloud, servers[1]), 60, 0.2)
    client.close()


def test_spice_says_its_words_and_names_its_channels(told):
    url = told("spice")
    assert 'id="server">two<' in fetch(url)
    channel = Channel(WebClient(url.port, f"/?{url.query}"), MAIN).link().show_ticket().begin()
    assert channel.session
    assert channel.hear_until(CHANNELS_LIST)
    channel.close()


def test_the_serial_port_answers_what_is_typed(told):
    url = told("serial")
    assert url.scheme == "ws"
    client = WebClient(url.port, f"{url.path}?{url.query}")
    client.send(b"\recho by-$((6 * 7))\r")
    heard = b""
    while b"by-42\r\n" not in heard:
        more = client.read(1)
        assert more, heard
        heard += more
    assert b"echo by-$((6 * 7))" in heard, "its echo"
    client.close()


def test_the_link_that_up_prints_shows_its_first_server(cloud, servers):
    connection, settings = cloud.connect(), cloud.whole.settings
    connection.compute.update_server(servers[1], name=firstboot.FIRST)
    try:
        first = firstboot.first_server(connection, settings)
        assert (first.server_id, first.made_now) == (servers[1], False)
        page = guide.page(settings, first.address, firstboot.console_url(connection, first))
        url = urllib.parse.urlsplit(re.search(r"^  console +(http\S+)$", page, re.MULTILINE)[1])
        has_the_page(url, firstboot.FIRST, "novnc.js", "../novnc/core/rfb.js")
        client = by_novnc(url)
        assert wait_for(lambda: shows(client, cloud, servers[1]), 60, 0.2)
        client.close()
    finally:
        connection.compute.update_server(servers[1], name="two")
        (settings.state_dir / "first-server").unlink(missing_ok=True)
