# SPDX-License-Identifier: Apache-2.0
"""What a proxy serves beside sessions: its page for a server, the client's library, sentences."""

from __future__ import annotations

import dataclasses
import html
import mimetypes
import string
import urllib.parse
from importlib import resources
from pathlib import Path

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; media-src blob:; connect-src 'self' ws: wss:; "
        "base-uri 'none'; form-action 'none'"
    ),
}
"""Of every answer. The token is in the URL: pages are not kept and not told to others."""

TITLES = {
    400: "This link is not whole",
    401: "This link does not work any more",
    403: "Not from there",
    404: "There is nothing here",
    409: "This console is busy",
    503: "Not at the moment",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Page:
    """One answer."""

    status: int
    content_type: str
    body: bytes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Site:
    """The pages of one proxy."""

    script: str
    """File in web/ that runs the client."""
    client: str = ""
    """Its name, which the page bears: tempest looks for noVNC's."""
    names: frozenset[str] = frozenset()
    """Paths at which the console's page is, as clients know them."""
    folders: dict[str, Path] = dataclasses.field(default_factory=dict)
    """First part of a path > folder of a library whose files are served below it."""

    def has_console_at(self, target: str) -> bool:
        """Whether the console's page is asked for."""
        return _path(target) in self.names

    def console(self, server_name: str) -> Page:
        """The page that opens the session."""
        return _from_template(
            "console.html", 200, server=server_name, script=self.script, client=self.client
        )

    def file(self, target: str) -> Page:
        """A file of ours or of the library; a page of 404 when there is none."""
        first, _, rest = _path(target).partition("/")
        parts = rest.split("/")
        if rest and not {"", ".", ".."} & set(parts) and "\0" not in rest:
            folder = self.folders.get(first)
            if first == "static":
                found = resources.files("nova_appliance.console") / "web" / parts[0]
                if len(parts) == 1 and found.is_file():
                    return _file(parts[0], found.read_bytes())
            elif folder is not None and folder.joinpath(*parts).is_file():
                return _file(parts[-1], folder.joinpath(*parts).read_bytes())
        return sentence(404, "Open the whole link that the cloud gave you.")


def sentence(status: int, text: str) -> Page:
    """A page that says why there is no console."""
    return _from_template("sentence.html", status, title=TITLES.get(status, "Error"), text=text)


def _path(target: str) -> str:
    """The path of a request without its query, unquoted, as a name."""
    return urllib.parse.unquote(urllib.parse.urlsplit(target).path).lstrip("/")


def _file(name: str, body: bytes) -> Page:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if kind.startswith("text/"):
        kind += "; charset=utf-8"
    return Page(status=200, content_type=kind, body=body)


def _from_template(name: str, status: int, **words: str) -> Page:
    text = (resources.files("nova_appliance.console") / "web" / name).read_text()
    filled = string.Template(text).substitute({k: html.escape(v) for k, v in words.items()})
    return Page(status=status, content_type="text/html; charset=utf-8", body=filled.encode())
