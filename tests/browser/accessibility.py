"""WCAG 2.2 AA by axe-core, which is fetched from the npm registry and never committed."""

import subprocess
import tarfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = "axe-core@4.14.1"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def fetch_axe(folder: Path) -> str:
    """Return the source of axe-core."""
    packed = subprocess.run(
        ["npm", "pack", "--silent", AXE], cwd=folder, check=True, capture_output=True, text=True, timeout=100
    )
    with tarfile.open(folder / packed.stdout.strip().splitlines()[-1]) as archive:
        source = archive.extractfile("package/axe.min.js")
        assert source is not None
        return source.read().decode()


def violations(page: Page, axe: str, rules: list[str]) -> list[str]:
    """Return what axe finds against the page as it stands, a line a rule; `rules` are tags or rules of axe."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe)
    run = "only => axe.run(document, {runOnly: only, resultTypes: ['violations']})"
    found: dict[str, Any] = page.evaluate(run, rules)
    return [
        f"{rule['id']}: {rule['help']} at {[node['html'] for node in rule['nodes']]}" for rule in found["violations"]
    ]
