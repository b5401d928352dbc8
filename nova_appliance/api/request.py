# SPDX-License-Identifier: Apache-2.0
"""The request as handlers see it: who asks, which version, the cloud, and the body's rules."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import msgspec
import webob

from nova_appliance.api.versioned import LEGACY, MIN, Version
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext

if TYPE_CHECKING:
    from nova_appliance.actions.cloud import Cloud
    from nova_appliance.api.operation import Operation

JSON_TYPES = ("application/json", "application/vnd.openstack.compute+json")
CONTEXT = "nova.context"
"""Key of the WSGI environment under which the authentication leaves the RequestContext."""

_DECODER = msgspec.json.Decoder()
_UNREAD = object()


class WrongMedia(errors.ApplianceError):
    """The body is not JSON by its Content-Type (415)."""


class TooLarge(errors.ApplianceError):
    """The body is longer than [api]max_request_body_size (413)."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a handler returns when data alone does not say it all."""

    data: Any = None
    status: int | None = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict)


class Request(webob.BaseRequest):  # type: ignore[misc]
    """One request; the router fills it in before the handler runs."""

    cloud: Cloud
    context: RequestContext
    operation: Operation
    version: Version = MIN
    legacy: bool = False
    """Whether it came through /v2."""
    versioned: bool = False
    """Whether the answer names its version in headers."""
    ids: tuple[str, ...] = ()
    query: dict[str, list[str]] = {}
    """Checked query: every value a list of texts."""
    project_in_url: str = ""
    _data: Any = _UNREAD

    @property
    def schema_version(self) -> Version:
        """Where schemas are taken from."""
        return LEGACY if self.legacy else self.version

    def check_media(self) -> None:
        """Raises WrongMedia when a Content-Type is given that is not JSON."""
        if self.content_type and self.content_type not in JSON_TYPES:
            raise WrongMedia(f"Unsupported Content-Type {self.content_type}")

    def check_length(self) -> None:
        """Raises TooLarge by the announced length alone: nothing is read."""
        if (self.content_length or 0) > self.cloud.conf.api.max_request_body_size:
            raise TooLarge("Request is too large.")

    def read_json(self) -> Any:
        """The body as data, None when there is none; read once, never beyond the limit."""
        if self._data is _UNREAD:
            self._data = self._parse(self._read())
        return self._data

    def first(self, key: str, default: str | None = None) -> str | None:
        """The last value of a query key, as Nova takes it."""
        values = self.query.get(key)
        return values[-1] if values else default

    def _read(self) -> bytes:
        limit: int = self.cloud.conf.api.max_request_body_size
        if self.content_length is not None:
            body: bytes = self.body_file_raw.read(self.content_length)
            return body
        if not self.is_body_readable:
            return b""
        body = self.body_file_raw.read(limit + 1)
        if len(body) > limit:
            raise TooLarge("Request is too large.")
        return body

    @staticmethod
    def _parse(body: bytes) -> Any:
        if not body:
            return None
        try:
            return _DECODER.decode(body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise errors.Invalid("Malformed request body") from error
