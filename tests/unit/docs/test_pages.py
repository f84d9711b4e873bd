"""What the documentation points at exists: pages, files, commands, options, settings, tests."""

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


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


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
def test_make_targets_exist(page: Path) -> None:
    named = {target for code in shown_in(page) for target in re.findall(r"^make ([a-z-]+)", code, re.MULTILINE)}
    assert named <= make_targets()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_and_their_options_exist(page: Path) -> None:
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


def test_every_setting_is_described_and_no_other() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^\| `FRONTROW_([A-Z_]+)` \|", page, re.MULTILINE))
    processes = set(re.findall(r"FRONTROW_(\w+_(?:PROCESSES|THREADS))", _process_files()))
    assert described == {name.upper() for name in Settings.model_fields} | processes


def _process_files() -> str:
    return "".join((ROOT / name).read_text(encoding="utf-8") for name in ("Procfile", "gunicorn.conf.py"))
