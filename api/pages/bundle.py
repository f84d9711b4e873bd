"""What a shell needs on its first load, in one module and one style sheet, joined when the process starts.

The modules stand in `static/` as they were written; a bundle holds each of them in a function of its own, those it
imports before it. They keep to a few forms, which is what makes this short: named imports from relative addresses, and
`export` before a function, a class or a constant. A module that does not is refused at the start.
"""

import re
from collections.abc import Iterable, Mapping
from posixpath import dirname, join, normpath

IMPORT = re.compile(r"""^import \{([^}]*)\} from '(\.[^']+)';\n""", re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?function\*?|class|const) (\w+)", re.MULTILINE)
# It may arrive twice, when it was fetched again because it took too long (`static/start.js`).
ONCE = "if (window.frontrowBegun) throw new Error('The page has begun already.');\nwindow.frontrowBegun = true;\n"
UNKNOWN = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)


def modules_of(sources: Mapping[str, str], entry: str) -> list[str]:
    """Return every module that `entry` needs and itself, each after those that it imports."""
    found: list[str] = []
    begun: list[str] = []

    def visit(name: str) -> None:
        if name in found:
            return
        if name in begun:
            message = f"modules import each other in a circle: {[*begun[begun.index(name) :], name]}"
            raise ValueError(message)
        begun.append(name)
        for _, address in IMPORT.findall(sources[name]):
            visit(_target(name, address))
        begun.remove(name)
        found.append(name)

    visit(entry)
    return found


def script(sources: Mapping[str, str], entry: str, root: str) -> str:
    """Return one module that does what `entry` does; `root` leads from its address to the folder of all modules."""
    names = modules_of(sources, entry)
    variables = {name: f"$module{number}" for number, name in enumerate(names)}
    parts = [ONCE, f"const $root = new URL({root!r}, import.meta.url);\n"]
    for name in names:
        body, exported = _body(name, sources[name], variables)
        if name == entry:
            parts.append(f"// {name}\n{{\n{body}}}\n")
        else:
            parts.append(
                f"// {name}\nconst {variables[name]} = (() => {{\n{body}return {{ {', '.join(exported)} }};\n}})();\n"
            )
    return "\n".join(parts)


def style(sheets: Iterable[str]) -> str:
    """Return one style sheet of several, in their order."""
    return "\n".join(sheets)


def _body(name: str, source: str, variables: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return a module's text for within a function, and the names that it exports."""

    def bind(found: re.Match[str]) -> str:
        names = ", ".join(part.strip().replace(" as ", ": ") for part in found[1].split(",") if part.strip())
        return f"const {{ {names} }} = {variables[_target(name, found[2])]};\n"

    exported = [name for _, name in EXPORT.findall(source)]
    body = EXPORT.sub(r"\1 \2", IMPORT.sub(bind, source))
    if unknown := UNKNOWN.search(body):
        message = f"{name}: the bundle does not know this form: {unknown[0]}"
        raise ValueError(message)
    return body.replace("import.meta.url", f"new URL({name!r}, $root).href"), exported


def _target(name: str, address: str) -> str:
    return normpath(join(dirname(name), address))
