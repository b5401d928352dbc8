# SPDX-License-Identifier: Apache-2.0
"""Whatever is thrown at it, the service answers with a sentence, and never with a 500."""

from __future__ import annotations

import json

import pytest
from fixtures.network_service import network_service
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nova_appliance.embedded.networks.app import URLS

IDS = "0b0e2bb4-6e0a-4b5e-9e32-1d8f5b3c8f10"
ODD = st.sampled_from(
    [None, "", "x" * 300, "\x00", "☃", -1, 0, 1, 4, 6, 2 ** 40, 1.5, True, IDS, "10.20.0.7", "10.7.0.0/24", "2001:db8::/64", "fa:16:3e:00:00:01", "0.0.0.0/0", "ingress", "tcp", "icmp", [], {}, [{}], [[]], [IDS], {"network_id": IDS}, [{"ip_address": "10.20.0.9"}], [{"ip_address": "::1"}], [{"start": "10.7.0.2", "end": "::9"}], [{"destination": "::/0", "nexthop": "10.20.0.9"}]]
)  # fmt: skip
KEYS = sorted({key for noun in URLS.values() for key in noun.attributes} | {"tenant_id", "id"})
QUERY = st.dictionaries(
    st.sampled_from(
        [*KEYS, "limit", "marker", "sort_key", "sort_dir", "fields", "page_reverse", "tags"]
    ),
    st.sampled_from(
        ["", "1", "-1", "x", "True", "☃", "name", "id", "ip_address=x", "=", "99" * 20]
    ),
    max_size=3,
)


@pytest.fixture(scope="module")
def service():
    with network_service() as service:
        yield service


@pytest.fixture(scope="module")
def present(service):
    """One existing resource of each kind."""
    network = service.by_name("networks", "private")["id"]
    public = service.by_name("networks", "public")["id"]
    group = service.make("security_group", name="g")
    return {
        "networks": network,
        "subnets": service.by_name("subnets", "private-subnet")["id"],
        "ports": service.make("port", network_id=network)["id"],
        "security-groups": group["id"],
        "security-group-rules": group["security_group_rules"][0]["id"],
        "routers": service.by_name("routers", "router1")["id"],
        "floatingips": service.make("floatingip", floating_network_id=public)["id"],
    }


@pytest.mark.parametrize("url", URLS)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_bodies(service, present, url, data):
    noun = URLS[url]
    own = st.sampled_from([*noun.attributes, *noun.attributes, "tenant_id", "id", "colour"])
    body = data.draw(st.dictionaries(own, ODD, max_size=5))
    if data.draw(st.booleans()):
        known = {"network_id": present["networks"], "security_group_id": present["security-groups"]}
        body |= {key: value for key, value in known.items() if key in noun.attributes}
    method, path = data.draw(st.sampled_from([("POST", url), ("PUT", f"{url}/{present[url]}")]))
    answer = service.wsgi.request(
        f"/v2.0/{path}",
        method=method,
        body=json.dumps({noun.one: body}).encode(),
        headers={"X-Auth-Token": service.tokens["admin"], "Content-Type": "application/json"},
        status="*",
    )
    assert answer.status_int < 500, (method, path, body, answer.text)


@pytest.mark.parametrize("url", [*URLS, "quotas", "agents", "network-ip-availabilities"])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(query=QUERY)
def test_queries(service, url, query):
    headers = {"X-Auth-Token": service.tokens["admin"]}
    answer = service.wsgi.get(f"/v2.0/{url}", query, headers=headers, status="*")
    assert answer.status_int < 500, (url, query, answer.text)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"{}" * 2, b"[" * 100000]
)
def test_bodies_that_are_no_object(service, body):
    headers = {"X-Auth-Token": service.tokens["admin"], "Content-Type": "application/json"}
    for method, path in (
        ("POST", "ports"),
        ("PUT", f"ports/{IDS}"),
        ("PUT", f"networks/{IDS}/tags"),
        ("PUT", "quotas/x"),
        ("PUT", f"routers/{IDS}/add_router_interface"),
    ):
        answer = service.wsgi.request(
            f"/v2.0/{path}", method=method, body=body, headers=headers, status="*"
        )
        assert 400 <= answer.status_int < 500, (method, path, answer.text)
