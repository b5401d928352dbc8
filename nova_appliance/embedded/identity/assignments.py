# SPDX-License-Identifier: Apache-2.0
"""Who has which role where (project, domain or the system), and which roles imply others."""

from __future__ import annotations

from typing import Any

from nova_appliance.common.errors import Forbidden, NotFound
from nova_appliance.embedded.identity import nouns, resource
from nova_appliance.embedded.identity.service import (
    Identity,
    find,
    link,
    listing,
    refused,
    require_admin,
    require_user,
    sees_all,
)
from nova_appliance.embedded.store import Row

DIRECT = """
SELECT assignments.user_id, assignments.kind, assignments.target_id, roles.id AS role_id,
       roles.name AS role_name
FROM assignments JOIN roles ON roles.id = assignments.role_id
"""
EFFECTIVE = """
WITH RECURSIVE held (user_id, kind, target_id, role_id) AS (
    SELECT user_id, kind, target_id, role_id FROM assignments
    UNION SELECT held.user_id, held.kind, held.target_id, implied_id
    FROM held JOIN implied_roles ON prior_id = held.role_id)
SELECT held.user_id, held.kind, held.target_id, roles.id AS role_id, roles.name AS role_name
FROM held JOIN roles ON roles.id = held.role_id
"""
FILTERS = {
    "user.id": ("user_id", None),
    "role.id": ("role_id", None),
    "scope.project.id": ("target_id", "project"),
    "scope.domain.id": ("target_id", "domain"),
}


def index(req: Any) -> dict[str, Any]:
    """GET /v3/role_assignments."""
    if not sees_all(req.caller):
        raise refused("identity:list_role_assignments")
    rows = req.service.store.all(EFFECTIVE if _said(req, "effective") else DIRECT)
    for name, (column, kind) in FILTERS.items():
        if name in req.GET:
            rows = [row for row in rows if row[column] == req.GET[name]]
            rows = [row for row in rows if kind in {None, row["kind"]}]
    if "scope.system" in req.GET:
        rows = [row for row in rows if row["kind"] == "system"]
    if "group.id" in req.GET:
        rows = []
    names = _Names(req.service) if _said(req, "include_names") else None
    return listing(req, "role_assignments", [_assignment(req, row, names) for row in rows])


def list_project(req: Any, project_id: str, user_id: str) -> dict[str, Any]:
    """GET /v3/projects/{id}/users/{id}/roles."""
    return _held(req, user_id, "project", project_id)


def list_domain(req: Any, domain_id: str, user_id: str) -> dict[str, Any]:
    """GET /v3/domains/{id}/users/{id}/roles."""
    return _held(req, user_id, "domain", domain_id)


def list_system(req: Any, user_id: str) -> dict[str, Any]:
    """GET /v3/system/users/{id}/roles."""
    return _held(req, user_id, "system", "all")


def grant_routes(path: str, kind: str) -> dict[str, dict[str, Any]]:
    """The routes that check, grant and revoke one role; `path` ends before the role's id."""

    def target(path_ids: tuple[str, ...]) -> tuple[str, str, str]:
        target_id, user_id, role_id = path_ids if kind != "system" else ("all", *path_ids)
        return target_id, user_id, role_id

    def check(req: Any, *path_ids: str) -> None:
        _check(req, kind, *target(path_ids))

    def grant(req: Any, *path_ids: str) -> None:
        _grant(req, kind, *target(path_ids))

    def revoke(req: Any, *path_ids: str) -> None:
        _revoke(req, kind, *target(path_ids))

    return {
        f"{path}/{{role}}": {
            "GET": check,
            "HEAD": check,
            "PUT": grant,
            "DELETE": revoke,
        }
    }


def implications(req: Any, prior_id: str) -> dict[str, Any]:
    """GET /v3/roles/{id}/implies."""
    require_admin(req, "identity:list_implied_roles")
    return {"role_inference": _inference(req, find(req.service, "roles", prior_id))}


def show_implication(req: Any, prior_id: str, implied_id: str) -> dict[str, Any]:
    """GET /v3/roles/{id}/implies/{id}."""
    require_admin(req, "identity:get_implied_role")
    sql = "SELECT 1 FROM implied_roles WHERE prior_id = ? AND implied_id = ?"
    if req.service.store.one(sql, prior_id, implied_id) is None:
        raise NotFound("That role does not imply the other.")
    prior, implied = (find(req.service, "roles", role) for role in (prior_id, implied_id))
    one = {"prior_role": _role(req, prior), "implies": _role(req, implied)}
    return {"role_inference": one}


def add_implication(req: Any, prior_id: str, implied_id: str) -> tuple[int, dict[str, Any]]:
    """PUT /v3/roles/{id}/implies/{id}."""
    require_admin(req, "identity:create_implied_role")
    for role_id in (prior_id, implied_id):
        find(req.service, "roles", role_id)
    if find(req.service, "roles", implied_id)["name"] == "admin":
        raise Forbidden("The role admin cannot be implied by another one.")
    with req.service.store.write() as tx:
        row = {"prior_id": prior_id, "implied_id": implied_id}
        tx.insert("implied_roles", row, or_="IGNORE")
    return 201, show_implication(req, prior_id, implied_id)


def remove_implication(req: Any, prior_id: str, implied_id: str) -> None:
    """DELETE /v3/roles/{id}/implies/{id}."""
    require_admin(req, "identity:delete_implied_role")
    with req.service.store.write() as tx:
        sql = "DELETE FROM implied_roles WHERE prior_id = ? AND implied_id = ?"
        if not tx.run(sql, prior_id, implied_id):
            raise NotFound("That role does not imply the other.")


def inferences(req: Any) -> dict[str, Any]:
    """GET /v3/role_inferences."""
    require_admin(req, "identity:list_role_inference_rules")
    sql = "SELECT * FROM roles WHERE id IN (SELECT prior_id FROM implied_roles) ORDER BY name"
    priors = req.service.store.all(sql)
    return listing(req, "role_inferences", [_inference(req, prior) for prior in priors])


def _held(req: Any, user_id: str, kind: str, target_id: str) -> dict[str, Any]:
    if not sees_all(req.caller):
        require_user(req, user_id, "identity:list_grants")
    _must_exist(req.service, kind, target_id, user_id)
    sql = f"{DIRECT} WHERE user_id = ? AND kind = ? AND target_id = ?"
    held = req.service.store.all(sql, user_id, kind, target_id)
    roles = [find(req.service, "roles", row["role_id"]) for row in held]
    return listing(req, "roles", [_role(req, role) for role in roles])


def _check(req: Any, kind: str, target_id: str, user_id: str, role_id: str) -> None:
    if not sees_all(req.caller):
        raise refused("identity:check_grant")
    sql = f"{DIRECT} WHERE user_id = ? AND kind = ? AND target_id = ? AND role_id = ?"
    if req.service.store.one(sql, user_id, kind, target_id, role_id) is None:
        raise NotFound(f"Could not find role assignment with role: {role_id}, user: {user_id}.")


def _grant(req: Any, kind: str, target_id: str, user_id: str, role_id: str) -> None:
    require_admin(req, "identity:create_grant")
    _must_exist(req.service, kind, target_id, user_id)
    find(req.service, "roles", role_id)
    row = {"user_id": user_id, "kind": kind, "target_id": target_id, "role_id": role_id}
    with req.service.store.write() as tx:
        tx.insert("assignments", row, or_="IGNORE")


def _revoke(req: Any, kind: str, target_id: str, user_id: str, role_id: str) -> None:
    require_admin(req, "identity:revoke_grant")
    where = "user_id = ? AND kind = ? AND target_id = ? AND role_id = ?"
    with req.service.store.write() as tx:
        if not tx.run(f"DELETE FROM assignments WHERE {where}", user_id, kind, target_id, role_id):  # noqa: S608 - names are ours
            raise NotFound(f"Could not find role assignment with role: {role_id}, user: {user_id}.")


def _must_exist(identity: Identity, kind: str, target_id: str, user_id: str) -> None:
    find(identity, "users", user_id)
    if kind != "system":
        find(identity, f"{kind}s", target_id)


class _Names:
    """Names of users, projects and domains for one listing: three queries, however many rows."""

    def __init__(self, identity: Identity) -> None:
        domains = {row["id"]: row["name"] for row in identity.store.all("SELECT * FROM domains")}
        self.domain = {id_: {"id": id_, "name": name} for id_, name in domains.items()}
        self.user, self.project = (
            {
                row["id"]: {
                    "id": row["id"],
                    "name": row["name"],
                    "domain": self.domain[row["domain_id"]],
                }
                for row in identity.store.all(f"SELECT id, name, domain_id FROM {table}")  # noqa: S608 - names are ours
            }
            for table in ("users", "projects")
        )


def _assignment(req: Any, row: Row, names: _Names | None) -> dict[str, Any]:
    user_id, kind, target_id = row["user_id"], row["kind"], row["target_id"]
    target = {"id": target_id}
    user, role = {"id": user_id}, {"id": row["role_id"]}
    if names is not None:
        user, role = names.user.get(user_id, user), role | {"name": row["role_name"]}
        target = (names.project if kind == "project" else names.domain).get(target_id, target)
    place = "system" if kind == "system" else f"{kind}s/{target_id}"
    url = link(req, f"{place}/users/{user_id}/roles/{row['role_id']}")
    scope = {"system": {"all": True}} if kind == "system" else {kind: target}
    return {"scope": scope, "user": user, "role": role, "links": {"assignment": url}}


def _inference(req: Any, prior: Row) -> dict[str, Any]:
    sql = """SELECT roles.* FROM roles JOIN implied_roles ON implied_id = roles.id
             WHERE prior_id = ? ORDER BY name"""
    implied = req.service.store.all(sql, prior["id"])
    return {
        "prior_role": _role(req, prior),
        "implies": [_role(req, row) for row in implied],
    }


def _role(req: Any, row: Row) -> dict[str, Any]:
    return resource.view(nouns.ROLE, req, row)


def _said(req: Any, name: str) -> bool:
    return name in req.GET and req.GET[name].lower() not in resource.FALSE_WORDS
