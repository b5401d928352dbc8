# SPDX-License-Identifier: Apache-2.0
"""URLs of servers."""

from __future__ import annotations

from nova_appliance.api.operation import Routes

ROUTES: Routes = {}
