# SPDX-License-Identifier: Apache-2.0
"""What flavor and image say of sound, USB, queues and timers. Pure; domain.hardware reads it all."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from nova_appliance.domain.extra_specs import TRUE_WORDS

Words = Mapping[str, str]

SOUND_MODELS = ("sb16", "es1370", "ac97", "ich6", "ich9")
USB_MODELS = ("none", "nec-xhci", "qemu-xhci")
MOST_QUEUES = 256
"""Of a network card: what the kernel's tap devices have."""


class Devices(msgspec.Struct, frozen=True, kw_only=True):
    """Empty words leave it to the driver."""

    queues: int = 0
    """Of each network card that a guest starts with; 0 is one."""
    sound_model: str = ""
    usb_model: str = ""
    """none is no USB at all."""
    tablet: bool = False
    """The pointer is a tablet, also under emulation."""
    hpet: bool = False


def devices(specs: Words, properties: Words, vcpus: int) -> Devices:
    """A word for what there is not counts for nothing: guests that got none go on without."""
    return Devices(
        queues=_queues(specs, properties, vcpus),
        sound_model=_known(specs, properties, "hw:sound_model", SOUND_MODELS),
        usb_model=_known(specs, properties, "hw:usb_model", USB_MODELS),
        tablet=properties.get("hw_pointer_model") == "usbtablet",
        hpet=is_on(properties, "hw_time_hpet"),
    )


def is_on(words: Words, key: str) -> bool:
    """Whether the word says yes."""
    return words.get(key, "").strip().lower() in TRUE_WORDS


def of_image(word: str) -> str:
    """The image's word for the flavor's: hw_usb_model for hw:usb_model."""
    return word.replace(":", "_")


def _queues(specs: Words, properties: Words, vcpus: int) -> int:
    """A queue for each processor, if queues are wanted."""
    word = "hw:vif_multiqueue_enabled"
    wanted = is_on(specs, word) or is_on(properties, of_image(word))
    return min(vcpus, MOST_QUEUES) if wanted and vcpus > 1 else 0


def _known(specs: Words, properties: Words, word: str, choices: tuple[str, ...]) -> str:
    """The image's value or the flavor's."""
    value = properties.get(of_image(word), specs.get(word, "")).strip().lower()
    return value if value in choices else ""
