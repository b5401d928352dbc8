# SPDX-License-Identifier: Apache-2.0
"""nova-manage doctor: what no server holds any more; with --fix it is mended."""

from __future__ import annotations

import argparse

from oslo_config import cfg

from nova_appliance.cmd import wiring
from nova_appliance.cmd.manage_command import Command, Findings, Outcome
from nova_appliance.common import errors
from nova_appliance.conductor import doctor
from nova_appliance.conductor.doctor import Finding
from nova_appliance.db.cells import Cells


def examine(conf: cfg.ConfigOpts, _cells: Cells, given: argparse.Namespace) -> Outcome:
    """All findings as a table; sound when there are none, or all were mended."""
    cloud = wiring.make_cloud(conf)
    rows: list[dict[str, object]] = []
    is_sound = True
    for finding in doctor.look(cloud):
        done = _mend(finding) if given.fix else "found"
        is_sound = is_sound and done == "mended"
        rows.append(
            {
                "what": finding.kind,
                "of": finding.thing,
                "where": finding.where,
                "why": finding.why,
                "done": done,
            }
        )
    return Findings(rows, is_sound)


def _mend(finding: Finding) -> str:
    if finding.mend is None:
        return "left alone"
    try:
        finding.mend()
    except errors.ApplianceError as error:
        return error.message
    return "mended"


COMMANDS = (
    Command(
        group="doctor",
        verb="",
        help="Look for claims, ports, guests, disks, sagas and rows that no server holds.",
        run=examine,
        arguments={"--fix": {"action": "store_true", "help": "Mend what is found."}},
    ),
)
