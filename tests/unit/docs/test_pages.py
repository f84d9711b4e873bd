"""What the documentation points at exists: pages, files, functions, tests, options; and nothing is left out."""

import importlib
import re
from pathlib import Path

import click
import pytest

from cli.main import main
from settings import Settings

ROOT = Path(__file__).parents[3]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
SHOWN = re.compile(r"^```sh\n(.*?)^```|`([^`\n]+)`", re.DOTALL | re.MULTILINE)
CODE_FOLDERS = "api|workers|models|cli|bench|tests|docs"


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def shown_in(page: Path) -> list[str]:
    """Return what a page shows as code that can be typed: shell blocks and inline code."""
    return [block or inline for block, inline in SHOWN.findall(page.read_text(encoding="utf-8"))]


def anchors_of(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    for link in links:
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name_of(page)} links to {link}"
        assert not anchor or anchor in anchors_of(target), f"{name_of(page)} links to {link}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_and_tests_that_are_named_exist(page: Path) -> None:
    for path, test in re.findall(rf"`((?:{CODE_FOLDERS})/[\w/.-]+)(?:::(\w+))?`", page.read_text(encoding="utf-8")):
        assert (ROOT / path).exists(), f"{name_of(page)} names {path}"
        assert not test or f"def {test}(" in (ROOT / path).read_text(encoding="utf-8"), f"{name_of(page)} names {test}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_functions_that_are_named_exist(page: Path) -> None:
    for module, name in re.findall(r"`((?:api|workers|models|cli)\.\w+)\.(\w+)`", page.read_text(encoding="utf-8")):
        assert hasattr(importlib.import_module(module), name), f"{name_of(page)} names {module}.{name}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_options_of_commands_exist(page: Path) -> None:
    context = click.Context(main)
    lines = [line for code in shown_in(page) for line in code.splitlines()]
    for name, rest in re.findall(r"(?:^|[\s(/])frontrow ([a-z]+)([^|;)#\n]*)", "\n".join(lines)):
        command = main.get_command(context, name)
        assert command is not None, f"{name_of(page)} names frontrow {name}"
        known = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known | {"--help"}, f"{name_of(page)}: frontrow {name}{rest}"


def test_the_readme_names_what_one_types_first() -> None:
    commands = "\n".join(shown_in(ROOT / "README.md"))
    assert all(command in commands for command in ("make demo", "make run", "make test"))


@pytest.mark.parametrize("readme", ["README.md", "README.ko.md"])
def test_the_map_of_folders_is_whole(readme: str) -> None:
    mapped = set(re.findall(r"^\| `([^`/]+)/?` \|", (ROOT / readme).read_text(encoding="utf-8"), re.MULTILINE))
    assert all((ROOT / name).exists() for name in mapped)
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} <= mapped


def test_the_index_lists_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    listed = set(re.findall(r"\]\(([^)#\s]+\.md)\)", index.read_text(encoding="utf-8")))
    assert {str(page.relative_to(index.parent)) for page in index.parent.rglob("*.md")} - {"README.md"} <= listed


def test_every_setting_is_described_and_no_other() -> None:
    assert described_settings().keys() == settings_of_the_code()


def test_the_numbers_of_processes_are_told_right() -> None:
    told = described_settings()
    assert {name: told[name] for name in default_processes()} == default_processes()


def test_the_defaults_in_seconds_are_told_right() -> None:
    told = described_settings()
    fields = {name.upper(): field for name, field in Settings.model_fields.items() if name.endswith("_seconds")}
    shown = {name: None if told[name] == "none" else float(told[name]) for name in fields}
    assert shown == {name: field.default for name, field in fields.items()}


def described_settings() -> dict[str, str]:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| `FRONTROW_([A-Z_]+)` \| `?([^|`]+?)`? \|", page, re.MULTILINE))


def settings_of_the_code() -> set[str]:
    """Return the names of all settings, as Settings, the Procfile and gunicorn's configuration read them."""
    served = (ROOT / "gunicorn.conf.py").read_text(encoding="utf-8")
    of_web = set(re.findall(r'"FRONTROW_(\w+)"', served))
    return {name.upper() for name in Settings.model_fields} | default_processes().keys() | of_web


def default_processes() -> dict[str, str]:
    """Return how many processes and threads the Procfile and gunicorn's configuration start by default."""
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("Procfile", "gunicorn.conf.py"))
    return dict(re.findall(r'FRONTROW_(\w+_(?:PROCESSES|THREADS))(?::-|", ")(\d+)', text))
