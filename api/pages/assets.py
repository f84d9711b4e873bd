"""The static files, read once: content type, ETag, gzip, and an address that changes with their content.

Beside each shell stand its bundles: `index.js` and `index.css` hold what `index.html` names.
"""

import gzip
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import falcon

from api.pages import bundle
from api.pages.security import harden

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
A_YEAR = 31_536_000
START = "start.js"
ENTRY = re.compile(r"""<script type="module" src="\{\{base\}\}/([^"]+)">""")
SHEET = re.compile(r"""<link rel="stylesheet" href="\{\{base\}\}/([^"]+)">""")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    body: bytes
    zipped: bytes
    etag: str
    content_type: str

    @classmethod
    def of(cls, body: bytes, suffix: str) -> Self:
        """Prepare `body` for sending; raises KeyError for a suffix nobody gave a content type."""
        etag = hashlib.sha256(body).hexdigest()[:24]
        return cls(body, gzip.compress(body, mtime=0), etag, CONTENT_TYPES[suffix])


@dataclass(frozen=True, slots=True)
class Assets:
    """All static files by their path below `static/`, and the version of the whole."""

    files: dict[str, Asset]
    version: str

    @classmethod
    def read(cls, root: Path) -> Self:
        """Read every file below `root` and bundle what each shell names."""
        paths = sorted(path for path in root.rglob("*") if path.suffix in CONTENT_TYPES)
        texts = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}
        texts |= _bundles(texts)
        files = {name: Asset.of(text.encode(), Path(name).suffix) for name, text in texts.items()}
        version = hashlib.sha256("".join(f"{name}{file.etag}" for name, file in files.items()).encode())
        return cls(files, version.hexdigest()[:12])

    @property
    def base(self) -> str:
        """The folder of this version; modules import each other by relative paths, so all stay in it."""
        return f"/pages/{self.version}"


def _bundles(texts: dict[str, str]) -> dict[str, str]:
    """Return the bundles of all shells by their names."""
    found = {}
    for name, text in texts.items():
        stem, _, suffix = name.rpartition(".")
        if suffix == "html":
            [entry], sheets = ENTRY.findall(text), SHEET.findall(text)
            found[f"{stem}.js"] = bundle.script(texts, entry, "./")
            if sheets:
                found[f"{stem}.css"] = bundle.style(texts[sheet] for sheet in sheets)
    return found


def send(asset: Asset, req: falcon.Request, resp: falcon.Response) -> None:
    """Answer with `asset`, zipped when the client takes that, or 304 when he has it already."""
    zipped = "gzip" in (req.get_header("Accept-Encoding") or "")
    etag = falcon.ETag(asset.etag + ("-gz" if zipped else ""))
    resp.etag = etag
    resp.append_header("Vary", "Accept-Encoding")
    if req.if_none_match and ("*" in req.if_none_match or etag in req.if_none_match):
        resp.status = falcon.HTTP_304
        return
    resp.content_type = asset.content_type
    if zipped:
        resp.set_header("Content-Encoding", "gzip")
    resp.data = asset.zipped if zipped else asset.body


class AssetResource:
    """The static files below `/pages/{version}/`."""

    def __init__(self, assets: Assets) -> None:
        """Serve from `assets`."""
        self._assets = assets

    def on_get(self, req: falcon.Request, resp: falcon.Response, version: str, path: str) -> None:
        """Send the file; for ever cacheable in this version, revalidated under the address of another."""
        asset = self._assets.files.get(path)
        if asset is None or path.endswith(".html"):
            raise falcon.HTTPNotFound
        harden(resp)
        current = version == self._assets.version
        resp.cache_control = ["public", f"max-age={A_YEAR}", "immutable"] if current else ["no-cache"]
        send(asset, req, resp)
