# SPDX-License-Identifier: Apache-2.0
"""The miniature identity service: Keystone's v3 dialect, its whole route table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nova_appliance.common import clock
from nova_appliance.embedded import web
from nova_appliance.embedded.identity import (
    application_credentials as apps,
)
from nova_appliance.embedded.identity import (
    assignments,
    auth,
    checks,
    credentials,
    ec2_tokens,
    nouns,
    passwords,
    resource,
    sessions,
)
from nova_appliance.embedded.identity.service import find, open_identity, refused
from nova_appliance.embedded.settings import Settings

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

NO_GROUPS = web.Unbuilt("Groups are not kept here: grant roles to users.")
NO_RULES = web.Unbuilt("Access rules of application credentials are not kept here.")
NO_S3 = web.Unbuilt("S3 signatures are not checked here: this cloud has no object store.")
NO_FEDERATION = web.Unbuilt("Federation and trusts are not part of this identity service.")
NO_LIMITS = web.Unbuilt("Unified limits are not kept here: each service keeps its own quotas.")
EC2 = "v3/users/{user}/credentials/OS-EC2"
APPS = "v3/users/{user}/application_credentials"
ROLES_ON_PROJECT = "v3/projects/{project}/users/{user}/roles"
ROLES_ON_DOMAIN = "v3/domains/{domain}/users/{user}/roles"
ROLES_ON_SYSTEM = "v3/system/users/{user}/roles"


def make_app(settings: Settings, time: clock.Clock = clock.SYSTEM) -> WSGIApplication:
    """The WSGI application over the identity service in the state directory."""
    identity = open_identity(settings, time)
    service = web.Service(
        name="identity",
        state=identity,
        routes=ROUTES,
        formatter=format_error,
        authenticate=identity.tokens.authenticate,
        headers_401={"WWW-Authenticate": f'Keystone uri="{settings.identity_url}"'},
    )
    return web.make_app(service)


def format_error(failure: web.Failure) -> dict[str, Any]:
    """Keystone's error body."""
    error = {"code": failure.status, "message": failure.message, "title": failure.title}
    return {"error": error}


def versions(req: Any) -> tuple[int, dict[str, Any]]:
    """GET /: which versions there are."""
    return 300, {"versions": {"values": [_version(req)]}}


def version(req: Any) -> dict[str, Any]:
    """GET /v3."""
    return {"version": _version(req)}


def change_password(req: Any, user_id: str) -> None:
    """POST /v3/users/{id}/password: by the user, who must know the present one."""
    if req.caller.user_id != user_id:
        raise refused("identity:change_password")
    body = web.read_object(req, "user")
    fields = {
        "password": body.get("password"),
        "original": body.get("original_password"),
    }
    new, old = (checks.text(128, shortest=1)(*field) for field in fields.items())
    passwords.check(req.service, find(req.service, "users", user_id), old)
    row = nouns.USER.prepare(req.service, {"password": new})
    with req.service.store.write() as tx:
        tx.update("users", user_id, row)


def _version(req: Any) -> dict[str, Any]:
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": f"{req.host_url}/v3/"}],
        "media-types": [
            {
                "base": "application/json",
                "type": "application/vnd.openstack.identity-v3+json",
            }
        ],
    }


ROUTES: dict[str, dict[str, Any]] = {
    "": {"GET": web.Op(versions, public=True)},
    "v3": {"GET": web.Op(version, public=True)},
    "v3/auth/tokens": {
        "POST": web.Op(auth.issue, public=True),
        "GET": sessions.show,
        "DELETE": sessions.revoke,
    },
    "v3/auth/catalog": {"GET": sessions.catalog},
    "v3/auth/projects": {"GET": sessions.projects},
    "v3/auth/domains": {"GET": sessions.domains},
    "v3/auth/system": {"GET": sessions.systems},
    **resource.routes(nouns.DOMAIN),
    **resource.routes(nouns.PROJECT),
    **resource.routes(nouns.USER),
    **resource.routes(nouns.ROLE),
    **resource.routes(nouns.REGION),
    **resource.routes(nouns.SERVICE),
    **resource.routes(nouns.ENDPOINT),
    "v3/users/{user}/password": {"POST": change_password},
    "v3/users/{user}/projects": {"GET": sessions.user_projects},
    "v3/users/{user}/groups": {"GET": NO_GROUPS},
    APPS: {"GET": apps.index, "POST": apps.create},
    APPS + "/{id}": {"GET": apps.show, "DELETE": apps.delete},
    "v3/users/{user}/access_rules": {"GET": NO_RULES},
    EC2: {"GET": credentials.list_ec2, "POST": credentials.create_ec2},
    EC2 + "/{access}": {"GET": credentials.show_ec2, "DELETE": credentials.delete_ec2},
    "v3/credentials": {"GET": credentials.index, "POST": credentials.create},
    "v3/credentials/{id}": {
        "GET": credentials.show,
        "PATCH": credentials.update,
        "DELETE": credentials.delete,
    },
    "v3/role_assignments": {"GET": assignments.index},
    ROLES_ON_PROJECT: {"GET": assignments.list_project},
    ROLES_ON_DOMAIN: {"GET": assignments.list_domain},
    ROLES_ON_SYSTEM: {"GET": assignments.list_system},
    **assignments.grant_routes(ROLES_ON_PROJECT, "project"),
    **assignments.grant_routes(ROLES_ON_DOMAIN, "domain"),
    **assignments.grant_routes(ROLES_ON_SYSTEM, "system"),
    "v3/role_inferences": {"GET": assignments.inferences},
    "v3/roles/{prior}/implies": {"GET": assignments.implications},
    "v3/roles/{prior}/implies/{implied}": {
        "GET": assignments.show_implication,
        "PUT": assignments.add_implication,
        "DELETE": assignments.remove_implication,
    },
    "v3/ec2tokens": {"POST": ec2_tokens.check},
    "v3/s3tokens": {"POST": NO_S3},
    "v3/groups": {"GET": NO_GROUPS, "POST": NO_GROUPS},
    "v3/groups/{id}": {"GET": NO_GROUPS, "PATCH": NO_GROUPS, "DELETE": NO_GROUPS},
    "v3/projects/{project}/groups/{group}/roles": {"GET": NO_GROUPS},
    "v3/domains/{domain}/groups/{group}/roles": {"GET": NO_GROUPS},
    "v3/OS-TRUST/trusts": {"GET": NO_FEDERATION, "POST": NO_FEDERATION},
    "v3/OS-FEDERATION/identity_providers": {"GET": NO_FEDERATION},
    "v3/limits": {"GET": NO_LIMITS},
    "v3/registered_limits": {"GET": NO_LIMITS},
}
