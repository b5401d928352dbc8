# SPDX-License-Identifier: Apache-2.0
"""The Compute API for servers that import their application; NOVA_CONF names its nova.conf."""

from __future__ import annotations

import os

from nova_appliance.api.app import make_app
from nova_appliance.cmd import wiring

app = make_app(
    wiring.make_cloud(wiring.configure("nova-api", ["--config-file", os.environ["NOVA_CONF"]]))
)
