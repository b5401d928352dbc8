# SPDX-License-Identifier: Apache-2.0
"""Hypervisors: lists, one, sums, uptime, and the searches that 2.53 turned into queries."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import hypervisors
from nova_appliance.actions.hypervisors import Page
from nova_appliance.api.numbers_in_urls import number, uuid
from nova_appliance.api.operation import operation
from nova_appliance.api.paging import paging
from nova_appliance.api.policies import hosts as rules
from nova_appliance.api.request import Request
from nova_appliance.api.schemas import hosts as schemas
from nova_appliance.api.schemas.types import is_true
from nova_appliance.api.versioned import at_least
from nova_appliance.api.views import hypervisors as views
from nova_appliance.common import errors

_PATTERN = "hypervisor_hostname_pattern"


@operation(policy=rules.LIST, query=schemas.HYPERVISORS, errors=(400, 404))
def index(req: Request) -> dict[str, Any]:
    """GET /os-hypervisors."""
    return views.index(req, hypervisors.page(req.cloud, _page(req)), detail=False)


@operation(policy=rules.DETAIL, query=schemas.HYPERVISORS, errors=(400, 404))
def detail(req: Request) -> dict[str, Any]:
    """GET /os-hypervisors/detail."""
    return views.index(req, hypervisors.page(req.cloud, _page(req)), detail=True)


@operation(policy=rules.STATISTICS, until="2.87")
def statistics(req: Request) -> dict[str, Any]:
    """GET /os-hypervisors/statistics."""
    return {"hypervisor_statistics": hypervisors.sums(req.cloud)}


@operation(policy=rules.SHOW, query=schemas.HYPERVISOR, errors=(400, 404))
def show(req: Request, hypervisor_id: str) -> dict[str, Any]:
    """GET /os-hypervisors/{hypervisor_id}."""
    found = hypervisors.find(req.cloud, _key(req, hypervisor_id), with_servers=_with_servers(req))
    return {"hypervisor": views.show(req.version, found)}


@operation(policy=rules.UPTIME, until="2.87", errors=(400, 404, 501))
def uptime(req: Request, hypervisor_id: str) -> dict[str, Any]:
    """GET /os-hypervisors/{hypervisor_id}/uptime."""
    found = hypervisors.find(req.cloud, _key(req, hypervisor_id))
    text = hypervisors.uptime(req.cloud, req.context, found)
    return {"hypervisor": views.brief(req.version, found) | {"uptime": text}}


@operation(policy=rules.SEARCH, until="2.52", errors=(404,))
def search(req: Request, pattern: str) -> dict[str, Any]:
    """GET /os-hypervisors/{hypervisor_hostname_pattern}/search."""
    found = hypervisors.page(req.cloud, Page(pattern=pattern))
    return {"hypervisors": [views.brief(req.version, each) for each in found]}


@operation(policy=rules.SERVERS, until="2.52", errors=(404,))
def servers(req: Request, pattern: str) -> dict[str, Any]:
    """GET /os-hypervisors/{hypervisor_hostname_pattern}/servers."""
    found = hypervisors.page(req.cloud, Page(pattern=pattern, with_servers=True))
    return {"hypervisors": [views.brief(req.version, each) for each in found]}


def _page(req: Request) -> Page:
    if not at_least(req, "2.33"):
        return Page()
    pattern, page = req.first(_PATTERN), paging(req)
    if pattern is not None and {"limit", "marker"} & set(req.query):
        raise errors.Invalid(
            f"Paging over hypervisors with the {_PATTERN} query parameter is not supported."
        )
    return Page(
        pattern=pattern,
        marker=None if page.marker is None else _marker(req, page.marker),
        limit=page.limit,
        with_servers=_with_servers(req),
    )


def _with_servers(req: Request) -> bool:
    return is_true(req.first("with_servers"))


def _marker(req: Request, text: str) -> str | int:
    if at_least(req, "2.53"):
        return text
    try:
        return number(text)
    except errors.Invalid as error:
        raise errors.Invalid(f"marker [{text}] not found") from error


def _key(req: Request, text: str) -> str | int:
    """A uuid from 2.53 on; before that a number, and what is none is not found."""
    if at_least(req, "2.53"):
        return uuid(text)
    try:
        return number(text)
    except errors.Invalid as error:
        raise hypervisors.missing(text) from error
