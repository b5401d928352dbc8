# SPDX-License-Identifier: Apache-2.0
"""GET and POST of certificates: what Nova removed in 16.0.0 and nova-cert does again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nova_appliance.actions import certificates
from nova_appliance.api import gone
from nova_appliance.api import policy as rules_of
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import certificates as rules
from nova_appliance.api.request import Request
from nova_appliance.api.views import certificates as views


def _enabled(req: Request, certificate_id: str = "") -> str:
    """Answers as today's Nova does where [api] enable_os_certificates is off."""
    if not req.cloud.conf.api.enable_os_certificates:
        raise gone.removed_in("16.0.0")
    return certificate_id


def _own(req: Request, *_ids: object) -> Mapping[str, Any]:
    return rules_of.own(req)


@operation(policy=rules.CREATE, load=_enabled, target=_own, errors=(410,))
def create(req: Request, _none: str) -> dict[str, Any]:
    """POST /os-certificates; a body is not looked at."""
    return views.show(*certificates.create(req.cloud, req.context))


@operation(policy=rules.SHOW, load=_enabled, target=_own, errors=(410, 501))
def show(req: Request, certificate_id: str) -> dict[str, Any]:
    """GET /os-certificates/{certificate_id}."""
    return views.show(certificates.root(req.cloud, req.context, certificate_id))
