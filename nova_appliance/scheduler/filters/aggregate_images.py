# SPDX-License-Identifier: Apache-2.0
"""AggregateImagePropertiesIsolation: aggregates may be for images of some properties."""

from __future__ import annotations

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.scene import Scene


def reason(scene: Scene, host: Candidate) -> str | None:
    """Refuse hosts whose aggregates give other values for a property that the image has."""
    options = scene.options
    space = options.aggregate_image_properties_isolation_namespace
    sign = options.aggregate_image_properties_isolation_separator
    for key, values in scene.metadata(host).items():
        if space and not key.startswith(space + sign):
            continue
        if key in scene.properties and scene.properties[key] not in values:
            return f"is for images with other {key}"
    return None
