# SPDX-License-Identifier: Apache-2.0
"""Reads nova.conf: one ConfigOpts object a process, passed on by hand, never global."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oslo_config import cfg
from oslo_log import log as oslo_log

from nova_appliance.conf import (
    api,
    certificates,
    compute,
    conductor,
    console,
    database,
    default,
    ec2,
    libvirt,
    metadata,
    metrics,
    neighbours,
    notifications,
    pci,
    quota,
    scheduler,
)

GROUPS = (
    api, certificates, compute, conductor, console, database, default, ec2, libvirt, metadata,
    metrics, neighbours, notifications, pci, quota, scheduler,
)  # fmt: skip
"""Each module has OPTIONS: option group ("DEFAULT" for none) > options."""


def load(
    argv: Sequence[str] = (),
    files: Sequence[str] | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> cfg.ConfigOpts:
    """Options from files, the command line and, for embedded mode and tests, `overrides`.

    `overrides` is {group: {option: value}}, with "DEFAULT" for options without a group.
    """
    conf = cfg.ConfigOpts()
    for module in GROUPS:
        for group, options in module.OPTIONS.items():
            conf.register_opts(options, None if group == "DEFAULT" else group)
    oslo_log.register_options(conf)
    conf(
        list(argv),
        project="nova",
        prog="nova",
        default_config_files=None if files is None else list(files),
    )
    for group, values in (overrides or {}).items():
        for name, value in values.items():
            conf.set_override(name, value, None if group == "DEFAULT" else group)
    return conf
