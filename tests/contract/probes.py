# SPDX-License-Identifier: Apache-2.0
"""Answers of built operations for a full sample, by microversion: the other side of the contract."""

from fixtures.cells import make_server

from nova_appliance.api.views import servers
from nova_appliance.api.views.servers import ALWAYS, ATTRIBUTES, HOST_STATUS, Seen
from nova_appliance.domain.attachment import Attachment

SERVER = make_server(
    1,
    attachments=(
        Attachment(id="b1", device="/dev/vdb", volume_id="v1", delete_on_termination=True),
    ),
)


def _whole(kind, wrap):
    def answer(version):
        seen = Seen(
            version=version, base="", bookmarks="", extra_specs=True, is_admin=True,
            gates=frozenset((ALWAYS, ATTRIBUTES, HOST_STATUS)),
        )  # fmt: skip
        return wrap(servers.whole(SERVER, seen, kind))

    return answer


def _one(view):
    return {"server": view}


RESPONSES = {
    ("GET", "/servers/detail", ""): _whole("detail", lambda view: {"servers": [view]}),
    ("GET", "/servers/{server_id}", ""): _whole("show", _one),
    ("PUT", "/servers/{server_id}", ""): _whole("update", _one),
    ("POST", "/servers/{server_id}/action", "rebuild"): _whole("rebuild", _one),
}
"""(method, path, action) > function of the version that gives the answer."""


def answer_paths(value, prefix=""):
    """The dotted paths of all fields, lists as `[]`, keys of `addresses` as `<key>`."""
    found = set()
    if isinstance(value, dict):
        for key, inner in value.items():
            name = "<key>" if prefix.endswith("addresses") else key
            path = f"{prefix}.{name}" if prefix else name
            found |= {path} | answer_paths(inner, path)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            found |= answer_paths(inner, f"{prefix}[]")
    return found
