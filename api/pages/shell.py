"""The HTML shells: one for fans, one for operators; the modules they name draw the rest."""

import html
import json
import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

import falcon

from api.pages.assets import START, Asset, Assets, send
from api.pages.configuration import Configuration
from api.pages.security import harden

MODULE = re.compile(r"""<script type="module" src="\{\{base\}\}/[^"]+"></script>""")
SHEETS = re.compile(r"""(?:<link rel="stylesheet" href="\{\{base\}\}/[^"]+">\s*)+""")


@dataclass(frozen=True, slots=True)
class Shell:
    """A page as it is sent, and the hash by which its policy knows the script that stands in it."""

    page: Asset
    script_hash: str

    @classmethod
    def of(cls, assets: Assets, name: str, configuration: Configuration | None = None) -> Self:
        """Write the bundles' addresses, the starting script and the configuration into the shell `name`."""
        text, start = assets.files[name].body.decode(), assets.files[START].body.decode()
        stem = name.removesuffix(".html")
        module = f"{assets.base}/{stem}.js"
        begin = f'<script data-module="{module}">{start}</script>\n  <link rel="modulepreload" href="{module}">'
        sheet = f'<link rel="stylesheet" href="{assets.base}/{stem}.css">\n'
        text = MODULE.sub("", SHEETS.sub(sheet, text))
        # It stands first, so that it learns of every file that is lost.
        text = text.replace("{{start}}", begin).replace("{{base}}", assets.base)
        text = text.replace("{{configuration}}", html.escape(json.dumps(configuration)))
        return cls(Asset.of(text.encode(), ".html"), b64encode(sha256(start.encode()).digest()).decode())


class ShellResource:
    """One HTML page, the same for every address of its views."""

    def __init__(self, assets: Assets, name: str, configuration: Configuration, *, keep_opener: bool = False) -> None:
        """Fill the shell once; it is the same for everybody."""
        self._shell = Shell.of(assets, name, configuration)
        self._keep_opener = keep_opener

    def on_get(self, req: falcon.Request, resp: falcon.Response, **_ids: int | str) -> None:
        """Send the shell; it is revalidated each time, so that a new version is seen at once."""
        harden(resp, keep_opener=self._keep_opener, script_hash=self._shell.script_hash)
        resp.cache_control = ["no-cache"]
        send(self._shell.page, req, resp)
