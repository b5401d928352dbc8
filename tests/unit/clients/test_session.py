# SPDX-License-Identifier: Apache-2.0
"""What neighbours answer when things go wrong, and which of our errors it becomes."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from keystoneauth1 import session as ksa_session
from keystoneauth1 import token_endpoint
from keystoneauth1.identity import v3

from nova_appliance.clients.images import Images
from nova_appliance.clients.network_nouns import PortWanted
from nova_appliance.clients.networks import Networks
from nova_appliance.clients.session import Neighbour
from nova_appliance.common import errors, ids
from nova_appliance.common.context import RequestContext
from nova_appliance.conf import load

HTML = (
    b"<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1>"
    b"No image found with ID a &amp; b<br /><br />\n\n</body></html>"
)


class Service:
    """A neighbour that answers from a list, and remembers who asked what."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                service.asked.append((self.command, self.path, dict(self.headers), body))
                status, data = service.answers.pop(0)
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Connection", "close")
                self.send_header("X-Subject-Token", "t")  # as Keystone answers a password
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - named by http.server

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def says(self, status: int, body: Any) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers.append((status, data))


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.server.shutdown()
    service.server.server_close()


def conf_of(url: str) -> Any:
    override = {"endpoint_override": url}
    return load.load(files=[], overrides={"glance": override, "neutron": override})


def session_to(url: str) -> ksa_session.Session:
    return ksa_session.Session(auth=token_endpoint.Token(url, "service-token"), timeout=60)


@pytest.mark.parametrize(
    ("status", "body", "family", "said"),
    [
        (400, {"NeutronError": {"type": "X", "message": "Bad address.", "detail": ""}},
         errors.Invalid, "Bad address."),
        (401, {"error": {"message": "Who?"}}, errors.Unavailable,
         "The network service does not accept Nova's own credentials."),
        (403, {"NeutronError": {"type": "X", "message": "No."}}, errors.Forbidden, "No."),
        (404, HTML, errors.NotFound, "No image found with ID a & b"),
        (404, b"plain words", errors.NotFound, "plain words"),
        (409, {"NeutronError": {"type": "IpAddressInUse", "message": "In use."}},
         errors.Conflict, "In use."),
        (409, {"NeutronError": {"type": "OverQuota", "message": "Too many."}},
         errors.OverQuota, "Too many."),
        (413, {"message": "Too big."}, errors.OverQuota, "Too big."),
        (404, [], errors.NotFound, "The network service refused with 404."),
        (500, b"", errors.Unavailable, "The network service failed (500): "),
        (503, {"message": "Away."}, errors.Unavailable, "The network service failed (503): Away."),
        (418, b"", errors.Unavailable, "The network service failed (418): "),
    ],
)  # fmt: skip
def test_answers_become_our_errors(
    service: Service, status: int, body: Any, family: type[errors.ApplianceError], said: str
) -> None:
    service.says(status, body)
    neighbour = Neighbour(session_to(service.url), conf_of(service.url), "network")
    with pytest.raises(errors.ApplianceError) as caught:
        neighbour.ask("GET", "/x")
    assert type(caught.value) is family
    assert caught.value.message == said


def test_a_neighbour_that_is_away_is_unavailable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        neighbour = Neighbour(session_to(url), conf_of(url), "image")
        with pytest.raises(errors.Unavailable, match="The image service does not answer"):
            neighbour.ask("GET", "/x")


def test_a_neighbour_that_no_catalog_names_is_absent(service: Service) -> None:
    service.says(200, {"token": {"catalog": [], "expires_at": "2099-01-01T00:00:00Z"}})
    auth = v3.Password(auth_url=service.url, username="nova", password="x")
    session = ksa_session.Session(auth=auth, timeout=60)
    neighbour = Neighbour(session, load.load(files=[]), "block-storage")
    with pytest.raises(errors.Absent, match="The catalog has no block-storage service"):
        neighbour.ask("GET", "/x")


def test_a_callers_token_that_ran_out_is_the_callers(service: Service) -> None:
    neighbour = Neighbour(session_to(service.url), conf_of(service.url), "image")
    service.says(401, {"error": {"message": "Who?"}})
    with pytest.raises(errors.Forbidden, match="Who"):
        neighbour.ask("GET", "/x", RequestContext(auth_token="old"))


def test_callers_speak_with_their_own_token(service: Service) -> None:
    neighbour = Neighbour(session_to(service.url), conf_of(service.url), "image")
    for context in (None, RequestContext(), RequestContext(auth_token="mine")):
        service.says(200, {})
        neighbour.ask("GET", "/x", context)
    tokens = [headers["X-Auth-Token"] for _, _, headers, _ in service.asked]
    assert tokens == ["service-token", "service-token", "mine"]


def image(data: bytes, **changes: Any) -> dict[str, Any]:
    facts = {"id": ids.new_id(), "name": "i", "status": "active", "size": len(data),
             "disk_format": "raw", "os_hash_algo": "sha256",
             "os_hash_value": hashlib.sha256(data).hexdigest()}  # fmt: skip
    return facts | changes


@pytest.mark.parametrize(
    ("changes", "fits"),
    [({}, True), ({"os_hash_value": "00"}, False),
     ({"os_hash_algo": None, "os_hash_value": None}, True),
     ({"os_hash_algo": None, "os_hash_value": None, "checksum": "00"}, False),
     ({"os_hash_algo": "later"}, True)],
)  # fmt: skip
def test_bytes_are_checked_as_they_come(
    service: Service, changes: dict[str, Any], fits: bool
) -> None:
    raw = image(b"data", **changes)
    service.says(200, raw)
    service.says(200, b"data")
    images = Images(session_to(service.url), conf_of(service.url))
    if fits:
        assert b"".join(images.chunks(raw["id"])) == b"data"
        return
    with pytest.raises(errors.Unavailable, match="arrived damaged"):
        list(images.chunks(raw["id"]))


def test_an_image_without_data_is_refused(service: Service) -> None:
    raw = image(b"", status="queued")
    service.says(200, raw)
    service.says(204, b"")
    images = Images(session_to(service.url), conf_of(service.url))
    with pytest.raises(errors.Refused, match="queued"):
        list(images.chunks(raw["id"]))


@pytest.mark.parametrize(
    ("owner", "admin", "may"), [("p", False, True), ("q", False, False), ("q", True, True)]
)
def test_without_a_token_rights_are_decided_here(
    service: Service, owner: str, admin: bool, may: bool
) -> None:
    raw = image(b"", owner=owner, visibility="public")
    context = RequestContext(project_id="p", is_admin=admin)
    images = Images(session_to(service.url), conf_of(service.url))
    service.says(200, raw)
    service.says(204, b"")
    if may:
        images.delete(context, raw["id"])
        assert service.asked[-1][0] == "DELETE"
    else:
        with pytest.raises(errors.Forbidden):
            images.delete(context, raw["id"])


def port(wanted: PortWanted, **changes: Any) -> dict[str, Any]:
    raw = {"id": ids.new_id(), "network_id": wanted.network_id, "mac_address": "fa:16:3e:00:00:01",
           "device_id": wanted.server_id, "name": f"nova-nic-{wanted.index}"}  # fmt: skip
    return raw | changes


WANTED = PortWanted(
    server_id="33333333-3333-4333-8333-333333333333",
    index=0,
    network_id="44444444-4444-4444-8444-444444444444",
    project_id="p",
)
TAKEN = {"NeutronError": {"type": "MacAddressInUse", "message": "Taken."}}


def test_a_port_that_was_asked_for_in_vain_may_come_yet(service: Service) -> None:
    networks = Networks(session_to(service.url), conf_of(service.url))
    wanted = PortWanted(server_id=ids.new_id(), index=0, network_id=ids.new_id(), project_id="p")
    service.says(400, {"NeutronError": {"type": "X", "message": "Never."}})
    with pytest.raises(errors.Invalid):
        networks.create_port(wanted)
    assert not networks.doubt.lasts(60)
    service.says(503, {"message": "Away."})
    with pytest.raises(errors.Unavailable):
        networks.create_port(wanted)
    assert networks.doubt.lasts(60)
    assert not networks.doubt.lasts(0)


def test_a_mac_that_another_server_has_is_given_up(service: Service) -> None:
    service.says(409, TAKEN)
    service.says(200, {"ports": []})
    service.says(201, {"port": port(WANTED)})
    networks = Networks(session_to(service.url), conf_of(service.url))
    assert networks.create_port(WANTED).device_id == WANTED.server_id
    first, _, last = (json.loads(body or b"{}") for *_, body in service.asked)
    assert "mac_address" in first["port"]
    assert "mac_address" not in last["port"]


def test_any_other_conflict_is_the_callers(service: Service) -> None:
    service.says(409, {"NeutronError": {"type": "IpAddressGenerationFailure", "message": "Full."}})
    service.says(200, {"ports": [port(WANTED, name="another")]})
    networks = Networks(session_to(service.url), conf_of(service.url))
    with pytest.raises(errors.Conflict, match="Full"):
        networks.create_port(WANTED)


def test_a_lost_port_is_no_reason_to_fail_when_it_goes(service: Service) -> None:
    networks = Networks(session_to(service.url), conf_of(service.url))
    service.says(404, {"NeutronError": {"type": "PortNotFound", "message": "Gone."}})
    networks.delete_port(ids.new_id())
    with pytest.raises(errors.NotFound, match="is not an id"):
        networks.get_port("../networks")


@pytest.mark.parametrize(
    ("details", "bridge"),
    [({"bridge_name": "br-x"}, "br-x"), ({}, "brq" + WANTED.network_id[:11])],
)
def test_a_bridge_has_its_name_from_neutron_or_by_its_rule(
    service: Service, details: dict[str, str], bridge: str
) -> None:
    binding = {"binding:vif_type": "bridge", "binding:vif_details": details}
    service.says(200, {"port": port(WANTED, **binding)})
    service.says(200, {"networks": [{"id": WANTED.network_id, "name": "n", "mtu": 1442}]})
    networks = Networks(session_to(service.url), conf_of(service.url))
    bound = networks.get_port(ids.new_id())
    for _ in range(2):  # the network is remembered
        vif = networks.vif(bound)
        assert (vif.bridge, vif.mtu, vif.kind) == (bridge, 1442, "bridge")


def test_many_ids_are_asked_in_parts(service: Service) -> None:
    networks = Networks(session_to(service.url), conf_of(service.url))
    for _ in range(3):
        service.says(200, {"ports": []})
    networks.ports(id=[ids.new_id() for _ in range(250)])
    assert [path.count("id=") for _, path, _, _ in service.asked] == [100, 100, 50]


def test_a_network_is_made_for_a_project_or_cannot_be(service: Service) -> None:
    networks = Networks(session_to(service.url), conf_of(service.url))
    service.says(200, {"auto_allocated_topology": {"id": "n1", "tenant_id": "p"}})
    assert networks.topologies.network_of("p") == "n1"
    assert service.asked[0][1] == "/v2.0/auto-allocated-topology/p"
    for status in (400, 404, 409, 501):
        service.says(status, {"NeutronError": {"type": "X", "message": "No.", "detail": ""}})
        with pytest.raises(errors.Invalid, match=r"Unable to automatically allocate .* project p"):
            networks.topologies.network_of("p")
    service.says(503, b"")
    with pytest.raises(errors.Unavailable):
        networks.topologies.network_of("p")


def test_the_volume_service_sees_that_a_service_asks(service: Service) -> None:
    """But for what a caller asks, whose rights are to count."""
    conf = load.load(files=[], overrides={"cinder": {"endpoint_template": service.url}})
    neighbour = Neighbour(session_to(service.url), conf, "block-storage")
    for context in (None, RequestContext(auth_token="mine")):
        service.says(200, {})
        neighbour.ask("DELETE", "/attachments/a", context)
    shown = [headers.get("X-Service-Token") for _, _, headers, _ in service.asked]
    assert shown == ["service-token", None]
