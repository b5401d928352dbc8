# SPDX-License-Identifier: Apache-2.0
"""Version documents, and the answer to any path outside the API: they need no token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import webob

from nova_appliance.api.negotiation import write
from nova_appliance.api.versioned import MAX, MIN

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from oslo_config import cfg

DOCS = "https://docs.openstack.org/"
IDS = {"v2.0": "v2", "v2.1": "v2.1"}
"""Id of a version > its part of URLs."""

_FACTS = {
    "v2.0": ("SUPPORTED", "", "", "2011-01-21T11:33:21Z", "2"),
    "v2.1": ("CURRENT", write(MAX), write(MIN), "2013-07-23T11:33:21Z", "2.1"),
}


def make_public(conf: cfg.ConfigOpts) -> WSGIApplication:
    """`/`, `/v2/` and `/v2.1/` show versions; any other path gets multiple choices."""

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        req = webob.Request(environ)
        root = (conf.api.compute_link_prefix or str(req.application_url)).rstrip("/")
        path = "/" + environ.get("PATH_INFO", "").strip("/")
        status, data = _document(root, path, req.method)
        environ["nova.operation"] = f"GET {path}" if status == "200 OK" else "other"
        environ["nova.with_ids"] = path != "/"
        body = msgspec.json.encode(data)
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(status, headers)
        return [] if req.method == "HEAD" else [body]

    return call


def version_document(root: str, version_id: str) -> dict[str, Any]:
    """The document of one version."""
    links = [{"rel": "self", "href": f"{root}/{IDS[version_id]}/"}]
    links.append({"rel": "describedby", "type": "text/html", "href": DOCS})
    return {"version": {**_row(version_id), "links": links, "media-types": _media(version_id)}}


def _document(root: str, path: str, method: str) -> tuple[str, dict[str, Any]]:
    if method in ("GET", "HEAD"):
        if path == "/":
            return "200 OK", {"versions": [_listed(root, one) for one in IDS]}
        for version_id, part in IDS.items():
            if path == f"/{part}":
                return "200 OK", version_document(root, version_id)
    return "300 Multiple Choices", {"choices": [_choice(root, path, one) for one in IDS]}


def _row(version_id: str) -> dict[str, Any]:
    status, newest, oldest, updated, _media_version = _FACTS[version_id]
    return {
        "id": version_id,
        "status": status,
        "version": newest,
        "min_version": oldest,
        "updated": updated,
    }


def _media(version_id: str) -> list[dict[str, str]]:
    kind = f"application/vnd.openstack.compute+json;version={_FACTS[version_id][4]}"
    return [{"base": "application/json", "type": kind}]


def _listed(root: str, version_id: str) -> dict[str, Any]:
    link = {"rel": "self", "href": f"{root}/{IDS[version_id]}/"}
    return {**_row(version_id), "links": [link]}


def _choice(root: str, path: str, version_id: str) -> dict[str, Any]:
    href = f"{root}/{IDS[version_id]}{path}"
    return {
        "id": version_id,
        "status": _FACTS[version_id][0],
        "links": [{"rel": "self", "href": href}],
        "media-types": _media(version_id),
    }
