# SPDX-License-Identifier: Apache-2.0
"""nova-manage cert: the authority of the running cloud, in its database."""

from __future__ import annotations

import argparse
from pathlib import Path

from oslo_config import cfg

from nova_appliance.cert import adoption
from nova_appliance.cert.folder import Folder
from nova_appliance.cert.seal import Seal
from nova_appliance.cert.shelf import Shelf
from nova_appliance.cmd.manage_cert import rows
from nova_appliance.cmd.manage_command import Command, Outcome
from nova_appliance.common import clock
from nova_appliance.db import certificates
from nova_appliance.db.cells import Cells


def adopt(conf: cfg.ConfigOpts, cells: Cells, given: argparse.Namespace) -> Outcome:
    """Bring the deployer's authority into the database, and what it signed and revoked since."""
    shelf = Shelf(cells.api, Seal(conf.certificates.secrets))
    return adoption.adopt(Folder(Path(given.dir)), shelf)


def list_(_conf: cfg.ConfigOpts, cells: Cells, _given: argparse.Namespace) -> Outcome:
    """Every certificate that nova-cert knows, with its end and state."""
    with cells.api.read() as connection:
        return rows(certificates.list_(connection), clock.SYSTEM.now())


COMMANDS = (
    Command(
        "cert",
        "adopt",
        "let nova-cert go on with the authority in a folder",
        adopt,
        {"--dir": {"required": True, "metavar": "DIR", "help": "the authority's folder"}},
    ),
    Command("cert", "list", "show nova-cert's certificates and their ends", list_),
)
