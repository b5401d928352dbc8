# SPDX-License-Identifier: Apache-2.0
"""The data plane: what the rows of the network service want, made true on this machine."""

from nova_appliance.embedded.networks.plane.reconciler import Plane

__all__ = ["Plane"]
