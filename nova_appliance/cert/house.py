# SPDX-License-Identifier: Apache-2.0
"""What nova-cert does by itself from time to time; any of several may, twice too."""

from __future__ import annotations

import datetime as dt
import logging

from oslo_config import cfg

from nova_appliance.cert.projects import Projects
from nova_appliance.db import certificates
from nova_appliance.domain.certificate import needs_renewal, state

LOG = logging.getLogger(__name__)
KEPT = dt.timedelta(days=90)
"""How long a certificate that has ended is remembered."""


def tidy(projects: Projects, options: cfg.ConfigOpts) -> None:
    """Renew authorities, bring lists up to date, forget what ended long ago, warn of ends."""
    ensure_root(projects, options)
    with projects.database.read() as conn:
        known = certificates.projects(conn)
    for authority in (projects.root(), *map(projects.authority, known)):
        authority.refresh_list(options.crl_days)
    now = projects.clock.now()
    projects.database.transact(lambda conn: certificates.forget(conn, now - KEPT))
    _warn(projects, dt.timedelta(days=options.renew_before))


def ensure_root(projects: Projects, options: cfg.ConfigOpts) -> None:
    """Have a root, renewed in its last year."""
    if projects.root().ensure_root(options.root_name):
        LOG.info("a new root certificate is in place")


def _warn(projects: Projects, before: dt.timedelta) -> None:
    """Of hosts whose newest certificate ends soon: nobody renews it there."""
    now = projects.clock.now()
    found = projects.root().store.all_()
    newest = {given.name: given for given in found if given.kind == "host"}
    for given in newest.values():
        if needs_renewal(given, now, before) and state(given, now) == "valid":
            LOG.warning("host %s: its certificate ends %s", given.name, given.not_after)
