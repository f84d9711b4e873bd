"""The HTML shells: one for fans, one for operators; the modules they name draw the rest."""

import html
import json
import re
from posixpath import dirname, join, normpath

import falcon

from api.pages.assets import Asset, Assets, send
from api.pages.configuration import Configuration
from api.pages.security import harden

IMPORT = re.compile(rb"""^(?:import|export)\b[^'"]*['"](\.[^'"]+)['"]""", re.MULTILINE)
ENTRY = re.compile(r"""<script type="module" src="\{\{base\}\}/([^"]+)">""")


def modules_of(assets: Assets, entry: str) -> list[str]:
    """Return `entry` and every module it needs, so that a browser fetches them at once, not one behind the other."""
    known = [entry]
    for name in known:
        targets = (normpath(join(dirname(name), found.decode())) for found in IMPORT.findall(assets.files[name].body))
        known += [target for target in dict.fromkeys(targets) if target not in known]
    return known


def preloads_of(assets: Assets, text: str) -> str:
    """Return the links that announce the modules of a shell."""
    modules = (name for entry in ENTRY.findall(text) for name in modules_of(assets, entry))
    return "\n  ".join(f'<link rel="modulepreload" href="{assets.base}/{name}">' for name in modules)


def fill(assets: Assets, name: str, configuration: Configuration) -> Asset:
    """Write the version's base path and the configuration into the shell `name`."""
    text = assets.files[name].body.decode()
    text = text.replace("{{preloads}}", preloads_of(assets, text))
    text = text.replace("{{base}}", assets.base)
    return Asset.of(text.replace("{{configuration}}", html.escape(json.dumps(configuration))).encode(), ".html")


class ShellResource:
    """One HTML page, the same for every address of its views."""

    def __init__(self, assets: Assets, name: str, configuration: Configuration, *, keep_opener: bool = False) -> None:
        """Fill the shell once; it is the same for everybody."""
        self._page = fill(assets, name, configuration)
        self._keep_opener = keep_opener

    def on_get(self, req: falcon.Request, resp: falcon.Response, **_ids: int | str) -> None:
        """Send the shell; it is revalidated each time, so that a new version is seen at once."""
        harden(resp, keep_opener=self._keep_opener)
        resp.cache_control = ["no-cache"]
        send(self._page, req, resp)
