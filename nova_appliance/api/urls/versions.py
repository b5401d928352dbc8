# SPDX-License-Identifier: Apache-2.0
"""URLs of version documents and extensions (with a token)."""

from __future__ import annotations

from nova_appliance.api.operation import Routes
from nova_appliance.api.resources import extensions, versions

ROUTES: Routes = {
    "": {"GET": versions.root},
    "versions/{version_id}": {"GET": versions.show},
    "extensions": {"GET": extensions.index},
    "extensions/{alias}": {"GET": extensions.show},
}
