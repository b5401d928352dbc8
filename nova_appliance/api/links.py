# SPDX-License-Identifier: Apache-2.0
"""Addresses of resources in answers: self, bookmark, describedby, next."""

from __future__ import annotations

import urllib.parse
from typing import Any

from nova_appliance.api.request import Request

Link = dict[str, str]


def root(req: Request) -> str:
    """The service as the client reaches it, without the version."""
    prefix: str | None = req.cloud.conf.api.compute_link_prefix
    return (prefix or str(req.application_url)).rstrip("/")


def base(req: Request) -> str:
    """Root, version and, when the client's URL has it, the project."""
    tree = "v2" if req.legacy else "v2.1"
    return f"{root(req)}/{tree}{_project(req)}"


def both(req: Request, collection: str, thing: str) -> list[Link]:
    """The links `self` and `bookmark`."""
    tail = f"{collection}/{thing}"
    return [
        {"rel": "self", "href": f"{base(req)}/{tail}"},
        {"rel": "bookmark", "href": bookmark(req, collection, thing)},
    ]


def bookmarks(req: Request) -> str:
    """Root and project: what addresses without version begin with."""
    return f"{root(req)}{_project(req)}"


def bookmark(req: Request, collection: str, thing: str) -> str:
    """An address without version."""
    return f"{bookmarks(req)}/{collection}/{thing}"


def image(req: Request, image_id: str) -> str:
    """Where the image service has it, by [api]glance_link_prefix."""
    prefix: str | None = req.cloud.conf.api.glance_link_prefix
    return (
        f"{prefix.rstrip('/')}/images/{image_id}" if prefix else bookmark(req, "images", image_id)
    )


def next_page(req: Request, collection: str, marker: str) -> list[Link]:
    """The link to the page behind `marker`: the client's own query with another marker."""
    query: dict[str, Any] = req.GET.dict_of_lists()
    query["marker"] = [marker]
    text = urllib.parse.urlencode(query, doseq=True)
    return [{"rel": "next", "href": f"{base(req)}/{collection}?{text}"}]


def _project(req: Request) -> str:
    return f"/{req.project_in_url}" if req.project_in_url else ""
