# SPDX-License-Identifier: Apache-2.0
"""The way of guests to their metadata, for real: who they are is said for them, and to nobody else."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from fixtures.private_root import shell

from nova_appliance.common import ids
from nova_appliance.embedded import settings as settings_
from nova_appliance.embedded.networks.plane import doors
from nova_appliance.metadata import identity

URL = "http://169.254.169.254/latest/meta-data/"


class Echo(BaseHTTPRequestHandler):
    """A metadata service that answers with what it was told."""

    def do_GET(self):
        size = int(self.headers["Content-Length"] or 0)
        told = {"path": self.path, "body": self.rfile.read(size).decode(), **self.headers}
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_POST = do_GET  # noqa: N815 - the base class' words

    def log_message(self, *_):
        pass


@pytest.fixture
def service(lab):
    server = ThreadingHTTPServer(("127.0.0.1", lab.service.settings.metadata_port), Echo)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def ask(guest, *words, url=URL):
    """What the guest is answered; curl's exit code or the status when it is none."""
    said = guest.run(f'curl -sS -m 5 -w "\\n%{{http_code}}" {" ".join(words)} {url} 2>&1 || true')
    body, _, status = said.rstrip().rpartition("\n")
    return json.loads(body) if status == "200" else status


def join(lab, **values):
    server_id = ids.new_id()
    return server_id, lab.guest(lab.port(device_id=server_id, **values))


def via_dhcp(lab, guest):
    network = lab.service.by_name("networks", "private")["id"]
    (port,) = lab.service.ask("GET", f"ports?network_id={network}&device_owner=network:dhcp")[
        "ports"
    ]
    guest.run(f"ip route replace 169.254.169.254/32 via {port['fixed_ips'][0]['ip_address']}")


@pytest.mark.parametrize("by", ["router", "dhcp"])
def test_a_guest_is_named_and_cannot_name_itself(lab, service, by):
    server_id, guest = join(lab)
    if by == "dhcp":
        via_dhcp(lab, guest)
    forged = f'-H "X-Instance-ID: {ids.new_id()}" -H "X-Tenant-ID: x" -H "X-Forwarded-For: 1.2.3.4"'
    told = ask(guest, forged, '-H "X-Metadata-Provider: p"')
    assert told["path"] == "/latest/meta-data/"
    assert (told["X-Instance-ID"], told["X-Forwarded-For"]) == (server_id, guest.ip)
    assert told["X-Tenant-ID"] == guest.port["project_id"]
    assert "X-Metadata-Provider" not in told
    secret = settings_.metadata_secret(lab.service.settings)
    assert told["X-Instance-ID-Signature"] == identity.sign(secret, server_id)


def test_tokens_and_bodies_pass(lab, service):
    _, guest = join(lab)
    life = '-H "X-aws-ec2-metadata-token-ttl-seconds: 60"'
    told = ask(guest, "-X PUT", life, url="http://169.254.169.254/latest/api/token")
    assert told["x-aws-ec2-metadata-token-ttl-seconds"] == "60"
    told = ask(guest, "-d secret", url="http://169.254.169.254/openstack/latest/password")
    assert told["body"] == "secret"
    too_much = '-X POST -H "Content-Length: 99999999"'
    assert ask(guest, too_much) == "413"
    assert ask(guest, '-X POST -H "Transfer-Encoding: chunked" -d x') == "411"


def test_two_networks_with_the_same_addresses_are_told_apart(lab, service):
    one_id, one = join(lab)
    network = lab.service.make("network", name="twin")
    lab.service.make("subnet", network_id=network["id"], ip_version=4, cidr="10.20.0.0/24")
    lab.apply()
    other_id, other = join(lab, network="twin", fixed_ips=[{"ip_address": one.ip}])
    (port,) = lab.service.ask("GET", f"ports?network_id={network['id']}&device_owner=network:dhcp")[
        "ports"
    ]
    other.run(f"ip route replace 169.254.169.254/32 via {port['fixed_ips'][0]['ip_address']}")
    assert ask(one)["X-Instance-ID"] == one_id
    assert ask(other)["X-Instance-ID"] == other_id


def test_foreigners_get_nothing(lab, service):
    _, guest = join(lab)
    _, other = join(lab)
    outside = lab.outsider()
    router = lab.service.by_name("routers", "router1")
    outer = router["external_gateway_info"]["external_fixed_ips"][0]["ip_address"]
    for port in (80, 9697):
        assert ask(outside, "-m 1", url=f"http://{outer}:{port}/latest/") == "000"
    guest.run(f"ip addr add {other.ip}/24 dev eth0")
    assert ask(guest, f"--interface {other.ip} -m 1") == "000"
    lab.service.ask("DELETE", f"ports/{other.port['id']}")
    assert ask(other, "-m 1") in {"000", "404"}


def test_a_group_without_rules_lets_guests_ask_for_metadata_only(lab, service):
    group = lab.service.make("security_group", name="closed")
    for rule in group["security_group_rules"]:
        lab.service.ask("DELETE", f"security-group-rules/{rule['id']}")
    server_id, guest = join(lab, security_groups=[group["id"]])
    assert ask(guest)["X-Instance-ID"] == server_id
    assert ask(guest, "-m 1", url="http://169.254.169.254:81/") == "000"
    assert guest.is_cut_off_from("10.20.0.1")


def test_a_service_that_is_away_is_503_and_a_lost_namespace_gets_its_door_again(lab):
    _, guest = join(lab)
    assert ask(guest) == "503"
    via_dhcp(lab, guest)
    network = lab.service.by_name("networks", "private")["id"]
    shell(f"ip netns delete qdhcp-{network}")
    lab.apply(deep=True)
    guest.run("ip neigh flush all")
    assert ask(guest) == "503"


def test_one_guest_cannot_keep_all_doors_busy(lab, service):
    _, greedy = join(lab)
    _, other = join(lab)
    idle = "(sleep 4 | busybox nc -w 4 169.254.169.254 80) >/dev/null 2>&1 & "
    greedy.run(idle * (doors.AT_ONCE + 4) + "sleep 0.5")
    assert ask(greedy) == "000"
    assert isinstance(ask(other), dict)
