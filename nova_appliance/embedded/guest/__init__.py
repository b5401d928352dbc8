# SPDX-License-Identifier: Apache-2.0
"""The guest image `tiny`: a small Debian kernel and busybox that boot in seconds without KVM."""

from nova_appliance.embedded.guest.image import build as build
from nova_appliance.embedded.guest.image import cached as cached
from nova_appliance.embedded.guest.image import content_key as content_key
