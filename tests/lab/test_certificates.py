# SPDX-License-Identifier: Apache-2.0
"""Hosts whose certificate ends soon renew it by themselves: all who show it show the new one, guests too."""

import datetime as dt
import socket
import subprocess
import urllib.parse

import pytest

from nova_appliance.cert import reading, signing
from nova_appliance.cert.authority import Authority
from nova_appliance.cert.folder import Folder
from nova_appliance.common import clock
from nova_appliance.common.clock import wait_for
from nova_appliance.console import rfb, tls

pytestmark = pytest.mark.timeout(2400)
FOLDER = "/etc/pki/qemu"
MANAGE = "/opt/nova-appliance/current/bin/nova-manage --config-file /etc/nova/certificates.conf"
SHOWS = {
    "nova-novncproxy": 6080,
    "nova-xvpvncproxy": 6081,
    "nova-spicehtml5proxy": 6082,
    "nova-serialproxy": 6083,
    "rabbitmq": 5671,
    "mariadb": 3306,
}
"""Who shows a controller's certificate at its own address > port."""
SHARED = {"nova-api": 8774, "keystone": 5000}
"""Those for whom HAProxy shows it at the shared address > port."""
LIBVIRTD = {"libvirtd": 16514}
SHOWN_S = 180
"""A bound for a path unit, reloads and a broker's cache of files on a busy machine."""


@pytest.fixture(autouse=True, scope="module")
def secure(cloud):
    assert cloud.is_secure, "this lab was made with --plain"


@pytest.fixture(scope="module")
def controller(cloud):
    return cloud.hosts("controller")[0]


def certificate_of(cloud, name):
    """What lies on the host now."""
    return reading.parse(cloud.on(name, f"cat {FOLDER}/cert.pem"))


def serial_at(address, port):
    """The serial number of what is shown there; None while nobody shows anything."""
    more = ["-starttls", "mysql"] if port == SHOWS["mariadb"] else []
    argv = ["openssl", "s_client", "-connect", f"{address}:{port}", *more]
    said = subprocess.run(argv, input="", capture_output=True, text=True, timeout=60, check=False)
    begins = said.stdout.find("-----BEGIN CERTIFICATE-----")
    return reading.serial(reading.parse(said.stdout[begins:])) if begins >= 0 else None


def let_it_end_soon(cloud, name):
    """Give the host a certificate of the same words and key in the last third of its life; its serial."""
    authority = Authority(Folder(cloud.lab.folder / "secrets" / "authority"))
    there, now = certificate_of(cloud, name), clock.SYSTEM.now()
    begins = authority.root().certificate.not_valid_before_utc.replace(tzinfo=None)
    lasts = signing.Life(begins, now + min((now - begins) / 3, dt.timedelta(minutes=30)))
    made = signing.host(authority.root(), reading.public_key(there), reading.wish(there), lasts)
    authority.store.keep(reading.describe(made))
    text = signing.to_pem(made)
    whole = f"(cat <<'END'\n{text}END\ncat {FOLDER}/key.pem) > {FOLDER}/bundle.pem"
    cloud.on(name, f"{whole} && cat > {FOLDER}/cert.pem <<'END'\n{text}END\n")
    return reading.serial(made)


def all_show(places, serial):
    """Whether each of the places comes to show it; what each shows."""
    shown = {}

    def seen():
        shown.update({who: serial_at(*at) for who, at in places.items()})
        return set(shown.values()) == {serial}

    return wait_for(seen, SHOWN_S, 1), shown


def renew(cloud, name, places):
    """What the timer starts every hour; the host's new certificate, which all of them show."""
    before = failed(cloud, name)
    old = let_it_end_soon(cloud, name)
    assert "ends soon" in cloud.on(name, f"{MANAGE} cert check || true")
    well, shown = all_show(places, old)
    assert well, (old, shown)
    cloud.on(name, "systemctl start appliance-certificates.service", timeout_s=180)
    there = certificate_of(cloud, name)
    assert reading.serial(there) != old
    left = there.not_valid_after_utc.replace(tzinfo=None) - clock.SYSTEM.now()
    assert left > dt.timedelta(days=60)
    well, shown = all_show(places, reading.serial(there))
    assert well, (reading.serial(there), shown)
    assert failed(cloud, name) <= before
    cloud.on(name, f"{MANAGE} cert check")
    return there


def failed(cloud, name):
    """The host's failed units."""
    return set(cloud.on(name, "systemctl list-units --failed --plain --no-legend").split("\n"))


def screen_of(cloud, server, host, tmp_path):
    """The serial number that a running guest's screen shows the proxies; its picture's size is read."""
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text(
            cloud.on(cloud.hosts("controller")[0].name, f"cat {FOLDER}/{name}")
        )
    mine = [str(tmp_path / name) for name in ("cert.pem", "key.pem")]
    display = cloud.on(host.name, f"virsh -c qemu:///system vncdisplay {server.id}").strip()
    address = cloud.lab.address(host.number)
    port = 5900 + int(display.rpartition(":")[2])
    context = tls.towards(cloud.root_file, *mine)
    with (
        socket.create_connection((address, port), 60) as plain,
        rfb.enter(plain, address, ("vencrypt",), context) as inside,
    ):
        inside.sendall(b"\1")
        assert len(inside.recv(4)) == 4
        return inside.getpeercert()["serialNumber"].upper().zfill(40)


def test_a_controller_renews_its_certificate_and_all_its_services_show_it(cloud, controller):
    address = cloud.lab.address(controller.number)
    places = {who: (address, port) for who, port in SHOWS.items()}
    if len(cloud.hosts("controller")) == 1:
        shared = urllib.parse.urlsplit(cloud.api.config.auth["auth_url"]).hostname
        places |= {who: (shared, port) for who, port in SHARED.items()}
    renew(cloud, controller.name, places)
    assert cloud.all_up(300), cloud.services()


def test_a_compute_host_renews_its_certificate_and_its_guests_screens_show_it(
    cloud, servers, tmp_path
):
    host = cloud.lab.host(servers[0].hypervisor_hostname)
    address = cloud.lab.address(host.number)
    there = renew(cloud, host.name, {who: (address, port) for who, port in LIBVIRTD.items()})
    serial = reading.serial(there)
    assert wait_for(lambda: screen_of(cloud, servers[0], host, tmp_path) == serial, SHOWN_S, 1)
    assert cloud.all_up(300), cloud.services()


def test_the_deployer_does_not_bring_an_older_one_back(cloud, controller):
    before = reading.serial(certificate_of(cloud, controller.name))
    cloud.play("certificates")
    assert reading.serial(certificate_of(cloud, controller.name)) == before
    assert set(cloud.play("certificates").values()) == {0}, cloud.changes
