# SPDX-License-Identifier: Apache-2.0
"""Brings the bytes of a new image after the call was answered; what fails is told by its state."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from nova_appliance.common import errors
from nova_appliance.ec2.caller import Caller

LOG = logging.getLogger(__name__)
STATE = "image_state"
"""Property of an image: how far it has come. A failed one stays to be seen."""
PENDING, FAILED = "pending", "failed_transfer"
AT_ONCE = 2
_POOL = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="image")
Data = Callable[[], Iterator[bytes]]


def begin(caller: Caller, image_id: str, disk_format: str, data: Data) -> None:
    """Have the bytes uploaded, and the image's state say how that ended."""
    _POOL.submit(_transfer, caller, image_id, disk_format, data)


def _transfer(caller: Caller, image_id: str, disk_format: str, data: Data) -> None:
    store = caller.cloud.images
    try:
        store.upload(image_id, disk_format, data())
        state = "available"
    except Exception as error:
        known = isinstance(error, errors.ApplianceError)
        LOG.warning("image %s: not made: %s", image_id, error, exc_info=not known)
        state = FAILED
    try:
        store.change(caller.context, image_id, {STATE: state})
    except errors.ApplianceError as error:
        LOG.warning("image %s: its state could not be told: %s", image_id, error)
