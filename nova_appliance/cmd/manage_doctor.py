# SPDX-License-Identifier: Apache-2.0
"""nova-manage doctor: what no server holds any more, and certificates that end; with --fix it is mended."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path

from oslo_config import cfg

from nova_appliance.actions.cloud import Cloud
from nova_appliance.cert import ends, health
from nova_appliance.cert.place import Place
from nova_appliance.cmd import certificates, wiring
from nova_appliance.cmd.manage_command import Command, Findings, Outcome
from nova_appliance.common import clock, errors
from nova_appliance.conductor import doctor
from nova_appliance.conductor.doctor import Finding
from nova_appliance.db.cells import Cells


def examine(conf: cfg.ConfigOpts, _cells: Cells, given: argparse.Namespace) -> Outcome:
    """All findings as a table; sound when there are none, or all were mended."""
    cloud = wiring.make_cloud(conf)
    rows: list[dict[str, object]] = []
    is_sound = True
    # One after the other: what is mended is not found again by a later look.
    for finding in itertools.chain(doctor.look(cloud), _certificates(cloud), _own_folders(conf)):
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


def _certificates(cloud: Cloud) -> Iterator[Finding]:
    """What nova-cert's database knows."""
    for one in health.look(cloud.cells.api, cloud.conf.certificates, cloud.clock):
        yield Finding(
            kind="certificate", thing=one.thing, where=one.where, why=one.why, mend=one.mend
        )


def _own_folders(conf: cfg.ConfigOpts) -> Iterator[Finding]:
    """[certificates] folders of this host; asking nova-cert mends them."""
    keeper = certificates.keeper(conf)
    if keeper is None:
        return
    for folder in conf.certificates.folders:
        for end in ends.of(Place(Path(folder)), clock.SYSTEM.now()):
            if end.state != "good":
                when = f" ({end.at:%Y-%m-%d})" if end.at else ""
                yield Finding(
                    kind="certificate",
                    thing=end.what,
                    where=end.folder,
                    why=f"It is not good: {end.state}{when}.",
                    mend=keeper.look,
                )


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
        help="Look for claims, ports, guests, disks, sagas and rows that no server holds, and for "
        "certificates that end.",
        run=examine,
        arguments={"--fix": {"action": "store_true", "help": "Mend what is found."}},
    ),
)
