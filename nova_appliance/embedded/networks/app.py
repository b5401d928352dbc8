# SPDX-License-Identifier: Apache-2.0
"""The miniature network service: the route table of Neutron's dialect over the nouns of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nova_appliance.embedded import web
from nova_appliance.embedded.networks import (
    around,
    faults,
    handlers,
    nouns,
    quotas,
    routers,
    tables,
)
from nova_appliance.embedded.networks.floating_ips import FLOATING_IP
from nova_appliance.embedded.networks.networks import NETWORK
from nova_appliance.embedded.networks.ports import PORT
from nova_appliance.embedded.networks.routers import ROUTER
from nova_appliance.embedded.networks.security_groups import GROUP, RULE, ensure_default
from nova_appliance.embedded.networks.state import State
from nova_appliance.embedded.networks.subnets import SUBNET
from nova_appliance.embedded.news import News
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.tokens import Tokens

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

URLS = {
    "networks": NETWORK,
    "subnets": SUBNET,
    "ports": PORT,
    "security-groups": GROUP,
    "security-group-rules": RULE,
    "routers": ROUTER,
    "floatingips": FLOATING_IP,
}
_UNBUILT = {
    "service-providers": "There are no service providers here: all is done on this machine.",
    "subnetpools": "Subnet pools are not built in this miniature network service.",
    "address-scopes": "Address scopes are not built in this miniature network service.",
    "address-groups": "Address groups are not built in this miniature network service.",
    "rbac-policies": "RBAC policies are not built in this miniature network service.",
    "qos/policies": "QoS policies are not built in this miniature network service.",
    "trunks": "Trunks are not built in this miniature network service.",
    "segments": "Segments are not built in this miniature network service.",
    "metering/metering-labels": "Metering is not built in this miniature network service.",
    "flavors": "Network flavors are not built in this miniature network service.",
}


def make_app(settings: Settings) -> WSGIApplication:
    """The WSGI application of this cloud's network service."""
    service = web.Service(
        name="network",
        state=State(tables.open_store(settings), settings, News(settings, "neutron")),
        routes=_routes(),
        formatter=faults.as_neutron,
        authenticate=Tokens(settings).authenticate,
        headers_401={"WWW-Authenticate": f'Keystone uri="{settings.identity_url}"'},
    )
    return web.make_app(service)


def _routes() -> web.Routes:
    rows: dict[str, dict[str, Any]] = {
        "": {"GET": web.Op(around.versions, public=True)},
        "v2.0": {"GET": web.Op(around.resources, public=True)},
        "v2.0/extensions": {"GET": around.extensions},
        "v2.0/extensions/{alias}": {"GET": around.extension},
        "v2.0/availability_zones": {"GET": around.zones},
        "v2.0/agents": {"GET": around.agents},
        "v2.0/agents/{id}": {"GET": around.agent},
        "v2.0/network-ip-availabilities": {"GET": around.availabilities},
        "v2.0/network-ip-availabilities/{id}": {"GET": around.availability},
        "v2.0/quotas": {"GET": quotas.index},
        "v2.0/quotas/{project}": {
            "GET": quotas.show, "PUT": quotas.change, "DELETE": quotas.remove,
        },
        "v2.0/quotas/{project}/default": {"GET": quotas.defaults},
        "v2.0/quotas/{project}/default.json": {"GET": quotas.defaults},
        "v2.0/quotas/{project}/details": {"GET": quotas.details},
        "v2.0/quotas/{project}/details.json": {"GET": quotas.details},
        "v2.0/routers/{id}/add_router_interface": {"PUT": routers.add_interface()},
        "v2.0/routers/{id}/remove_router_interface": {"PUT": routers.remove_interface()},
        "v2.0/routers/{id}/add_extraroutes": {"PUT": handlers.change(ROUTER, routers.with_routes)},
        "v2.0/routers/{id}/remove_extraroutes": {
            "PUT": handlers.change(ROUTER, routers.without_routes),
        },
    }  # fmt: skip
    for url, why in _UNBUILT.items():
        rows[f"v2.0/{url}"] = {method: web.Unbuilt(why) for method in ("GET", "POST")}
        rows[f"v2.0/{url}/{{id}}"] = {m: web.Unbuilt(why) for m in ("GET", "PUT", "DELETE")}
    for url, noun in URLS.items():
        rows |= _noun_routes(f"v2.0/{url}", noun)
    rows["v2.0/security-groups"]["GET"] = _with_default_group(rows["v2.0/security-groups"]["GET"])
    return rows


def _noun_routes(url: str, noun: nouns.Noun) -> dict[str, dict[str, Any]]:
    tags = {
        "GET": handlers.show_tags(noun),
        "PUT": handlers.replace_tags(noun),
        "DELETE": handlers.clear_tags(noun),
    }
    tag = {
        "GET": handlers.show_tag(noun),
        "PUT": handlers.add_tag(noun),
        "DELETE": handlers.remove_tag(noun),
    }
    return {
        url: {"GET": handlers.index(noun), "POST": handlers.create(noun)},
        f"{url}/{{id}}": {
            "GET": handlers.show(noun),
            "PUT": handlers.change(noun),
            "DELETE": handlers.remove(noun),
        },
        f"{url}/{{id}}/tags": tags,
        f"{url}/{{id}}/tags/{{tag}}": tag,
    }


def _with_default_group(index: web.Handler) -> web.Handler:
    """Listing a project's groups makes its default group when it is not there yet."""

    def handler(req: Any) -> Any:
        named = req.GET.getall("project_id") + req.GET.getall("tenant_id")
        elevated = named and nouns.is_elevated(req.caller)
        project = named[0] if elevated else req.caller.project_id
        sql = "SELECT 1 FROM security_groups WHERE project_id = ? AND name = 'default'"
        if project and nouns.store_of(req).one(sql, project) is None:
            with nouns.store_of(req).write() as tx:
                ensure_default(nouns.Deed(tx, req.caller, req.service.settings), project)
        return index(req)

    return handler
