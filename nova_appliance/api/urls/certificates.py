# SPDX-License-Identifier: Apache-2.0
"""URLs of certificates, which Nova removed and nova-cert serves again."""

from __future__ import annotations

from nova_appliance.api.operation import Routes
from nova_appliance.api.resources import certificates

ROUTES: Routes = {
    "os-certificates": {"POST": certificates.create},
    "os-certificates/{certificate_id}": {"GET": certificates.show},
}
