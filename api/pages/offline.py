"""The service worker of the tickets, at the root of the site: its scope cannot be wider than its address."""

import falcon

from api.pages.assets import Asset, Assets, send
from api.pages.configuration import Configuration
from api.pages.security import harden
from api.pages.shell import Shell

OFFLINE = "offline.js"


class OfflineResource:
    """`GET /offline.js`; a browser looks for a new version whenever it opens a page of the tickets."""

    def __init__(self, assets: Assets, configuration: Configuration) -> None:
        """Name the files of this version in it; the page with other settings is another version too."""
        text = assets.files[OFFLINE].body.decode()
        shell = Shell.of(assets, "index.html", configuration).page
        text = text.replace("{{base}}", assets.base).replace("{{version}}", shell.etag)
        self._script = Asset.of(text.encode(), ".js")

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Send the worker."""
        harden(resp)
        resp.cache_control = ["no-cache"]
        send(self._script, req, resp)
