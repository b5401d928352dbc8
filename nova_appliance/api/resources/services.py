# SPDX-License-Identifier: Apache-2.0
"""Services: listed, changed by host and binary (to 2.52) or by uuid (from 2.53 on), deleted."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import services
from nova_appliance.actions.services import Change
from nova_appliance.api.numbers_in_urls import number, uuid
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import hosts as rules
from nova_appliance.api.request import Request
from nova_appliance.api.schemas import hosts as schemas
from nova_appliance.api.schemas.types import is_true
from nova_appliance.api.versioned import at_least
from nova_appliance.api.views import services as views
from nova_appliance.common import errors

_OLD = {
    "policy": rules.SERVICES_UPDATE,
    "body": schemas.OLD_SERVICE,
    "errors": (400, 404),
    "until": "2.52",
}


@operation(policy=rules.SERVICES_LIST, query=schemas.SERVICES)
def index(req: Request) -> dict[str, Any]:
    """GET /os-services."""
    host, binary = req.first("host") or None, req.first("binary") or None
    return views.index(req.version, services.survey(req.cloud, host=host, binary=binary))


@operation(**_OLD)
def enable(req: Request, body: dict[str, Any]) -> dict[str, Any]:
    """PUT /os-services/enable."""
    return _change(req, body, Change(disabled=False), {"status": "enabled"})


@operation(**_OLD)
def disable(req: Request, body: dict[str, Any]) -> dict[str, Any]:
    """PUT /os-services/disable."""
    return _change(req, body, Change(disabled=True), {"status": "disabled"})


@operation(**_OLD)
def disable_with_reason(req: Request, body: dict[str, Any]) -> dict[str, Any]:
    """PUT /os-services/disable-log-reason."""
    if "disabled_reason" not in body:
        raise errors.Invalid("Missing disabled reason field")
    reason = body["disabled_reason"]
    answer = {"status": "disabled", "disabled_reason": reason}
    return _change(req, body, Change(disabled=True, disabled_reason=reason), answer)


@operation(**_OLD | {"body": schemas.FORCED_SERVICE}, since="2.11")
def force_down(req: Request, body: dict[str, Any]) -> dict[str, Any]:
    """PUT /os-services/force-down."""
    if "forced_down" not in body:
        raise errors.Invalid("Missing forced_down field")
    down = is_true(body["forced_down"])
    return _change(req, body, Change(forced_down=down), {"forced_down": down})


@operation(policy=rules.SERVICES_UPDATE, body=schemas.SERVICE, errors=(400, 404), since="2.53")
def update(req: Request, service_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """PUT /os-services/{service_id}."""
    daemon = services.find(req.cloud, uuid(service_id))
    services.must_be_compute(daemon.service.binary)
    changed = services.change(req.cloud, daemon, _wanted(body))
    return {"service": views.show(req.version, changed)}


@operation(policy=rules.SERVICES_DELETE, status=204, errors=(400, 404, 409))
def delete(req: Request, service_id: str) -> None:
    """DELETE /os-services/{service_id}."""
    known = uuid(service_id) if at_least(req, "2.53") else number(service_id)
    services.delete(req.cloud, services.find(req.cloud, known))


def _change(
    req: Request, body: dict[str, Any], wanted: Change, answer: dict[str, Any]
) -> dict[str, Any]:
    name = {"host": body["host"], "binary": body["binary"]}
    services.change(req.cloud, services.find_by_name(req.cloud, **name), wanted)
    return {"service": name | answer}


def _wanted(body: dict[str, Any]) -> Change:
    if not {"status", "forced_down"} & set(body):
        raise errors.Invalid(
            "No updates were requested. Fields 'status' or 'forced_down' should be specified."
        )
    if body.get("status") == "enabled" and body.get("disabled_reason"):
        raise errors.Invalid("Specifying 'disabled_reason' with status 'enabled' is invalid.")
    return Change(
        disabled=body["status"] == "disabled" if "status" in body else None,
        disabled_reason=body.get("disabled_reason"),
        forced_down=is_true(body["forced_down"]) if "forced_down" in body else None,
    )
