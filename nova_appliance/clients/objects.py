# SPDX-License-Identifier: Apache-2.0
"""Objects in buckets, only read: of Swift, or of a folder of this machine ([ec2] objects_path)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from keystoneauth1.session import Session
from oslo_config import cfg

from nova_appliance.clients.session import Neighbour, mapped
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext

CHUNK = 1024**2
_PART = re.compile(r"[^/\x00-\x1f]{1,255}")


class Objects:
    """The caller's objects: Swift decides by the caller's token, a folder by the caller's project."""

    def __init__(self, session: Session, conf: cfg.ConfigOpts) -> None:
        self._folder = conf.ec2.objects_path
        self._swift = Neighbour(session, conf, "object-store")

    def chunks(self, context: RequestContext, bucket: str, name: str) -> Iterator[bytes]:
        """The bytes of an object; raises NotFound, Forbidden, Unavailable at the first."""
        parts = (bucket, *name.split("/"))
        if any(not _PART.fullmatch(part) or part in {".", ".."} for part in parts):
            raise errors.NotFound("There is no such object.")
        if self._folder:
            yield from self._of_folder(str(context.project_id), parts)
        else:
            yield from self._of_swift(context, parts)

    def _of_folder(self, project_id: str, parts: tuple[str, ...]) -> Iterator[bytes]:
        home = Path(self._folder, project_id).resolve()
        path = home.joinpath(*parts).resolve()
        if not path.is_relative_to(home) or not path.is_file():
            raise errors.NotFound(f"There is no object {'/'.join(parts)}.")
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def _of_swift(self, context: RequestContext, parts: tuple[str, ...]) -> Iterator[bytes]:
        path = "/" + "/".join(quote(part, safe="") for part in parts)
        headers = {"Accept": "*/*"}
        answer = self._swift.ask("GET", path, context, headers=headers, stream=True)
        with answer, mapped("object-store"):
            yield from answer.iter_content(CHUNK)
