# SPDX-License-Identifier: Apache-2.0
"""Joins a daemon to the renewal of its host's certificates; every console script may."""

from __future__ import annotations

import datetime as dt

from oslo_config import cfg

from nova_appliance.cert.hosts import Terms
from nova_appliance.cert.keeper import Keeper
from nova_appliance.common import context as contexts
from nova_appliance.rpc.certificate_orders import Renew, Renewed, Trust, TrustAsked
from nova_appliance.rpc.client import Client


def keeper(conf: cfg.ConfigOpts) -> Keeper | None:
    """The thread that renews what [certificates] folders names; None when it names nothing."""
    if not conf.certificates.folders:
        return None
    rpc = Client(conf)

    def renew(order: Renew) -> Renewed:
        answer: Renewed = rpc.call("cert", "renew", order, contexts.for_background())
        return answer

    def trust() -> Trust:
        answer: Trust = rpc.call("cert", "trust", TrustAsked(), contexts.for_background())
        return answer

    terms = Terms(conf.certificates.host_days, dt.timedelta(days=conf.certificates.renew_before))
    return Keeper(conf.certificates.folders, renew, trust, terms, conf.certificates.check_interval)
