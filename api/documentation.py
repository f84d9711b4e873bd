"""Pages for people about the API: plain HTML made here, with no script and nothing from elsewhere."""

from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator, Mapping
from hashlib import sha256
from html import escape
from typing import Any

from api.problem_codes import PROBLEMS

_STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0 auto; padding: 2rem 1.25rem 5rem; max-width: 54rem; }
h1 { font-size: 1.9rem; } h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); }
code { font: 0.88em/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
article { border: 1px solid var(--line); border-radius: .6rem; margin: 1rem 0; padding: .25rem 1rem 1rem; }
article h3 { display: flex; flex-wrap: wrap; gap: .6rem; font-size: 1.05rem; align-items: baseline; }
.method { font: 700 .8rem ui-monospace, monospace; padding: .1rem .5rem; border: 1px solid; border-radius: .3rem; }
.get { color: #1769aa; } .post { color: #2e7d32; } .delete { color: #c62828; } .patch { color: #b26a00; }
table { border-collapse: collapse; width: 100%; }
td { border-top: 1px solid var(--line); vertical-align: top; padding: .3rem .8rem .3rem 0; }
a { color: inherit; } .quiet { opacity: .75; }
"""
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def docs_page(document: Mapping[str, Any]) -> tuple[str, str]:
    """Return the page of the OpenAPI document and the content security policy that it needs."""
    by_tag: dict[str, list[str]] = defaultdict(list)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            by_tag[operation["tags"][0]].append(_operation(path, method, operation))
    about = _text(document["info"]["description"])
    contents = " · ".join(f'<a href="#{_anchor(tag)}">{escape(tag)}</a>' for tag in [*by_tag, "Shapes", "Problems"])
    sections = [f'<h2 id="{_anchor(tag)}">{escape(tag)}</h2>{"".join(found)}' for tag, found in by_tag.items()]
    schemas = "".join(_schema(name, schema) for name, schema in document["components"]["schemas"].items())
    raw = '<p class="quiet">For programs: <a href="/openapi.json">openapi.json</a></p>'
    body = f"<h1>The frontrow API</h1>{about}{raw}<p>{contents}</p>{''.join(sections)}"
    body += f'<h2 id="shapes">Shapes</h2>{schemas}<h2 id="problems">Problems</h2>{_problems()}'
    return _page("The frontrow API", body), POLICY


def problem_page(code: str) -> tuple[str, str]:
    """Return the page that explains a problem code, and its content security policy."""
    problem = PROBLEMS[code]
    body = (
        f"<h1>{escape(problem.title)}</h1><p><code>{escape(code)}</code> comes with status {problem.status}.</p>"
        f'{_text(problem.explanation)}<p class="quiet"><a href="/docs">The whole API</a></p>'
    )
    return _page(problem.title, body), POLICY


def _page(title: str, body: str) -> str:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head><body>{body}</body></html>'


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(status)}</td><td>{_inline(response['description'])}{_shape_of(response)}</td></tr>"
        for status, response in operation["responses"].items()
    )
    parameters = "".join(
        f"<tr><td><code>{escape(one['name'])}</code></td><td>{escape(one['in'])}</td>"
        f"<td>{_inline(one.get('description', ''))} {_inline(_limits(one['schema']))}</td></tr>"
        for one in operation["parameters"]
    )
    body = f"<p>Body:{_shape_of(operation['requestBody'])}</p>" if "requestBody" in operation else ""
    return (
        f'<article id="{escape(operation["operationId"])}"><h3><span class="method {method}">{method.upper()}</span>'
        f"<code>{escape(path)}</code> {escape(operation['summary'])}</h3>{_text(operation['description'])}{body}"
        f"<table>{parameters}</table><table>{rows}</table></article>"
    )


def _shape_of(holder: Mapping[str, Any]) -> str:
    references = [content["schema"].get("$ref") for content in holder.get("content", {}).values()]
    names = [reference.rpartition("/")[2] for reference in references if reference]
    return "".join(f' <a href="#{_anchor(name)}">{escape(name)}</a>' for name in names if name != "ProblemView")


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = "".join(
        f"<tr><td><code>{escape(field)}</code></td><td>{_type(one)}{'' if field in required else ', optional'}</td>"
        f"<td>{_inline(one.get('description', ''))}</td></tr>"
        for field, one in schema.get("properties", {}).items()
    )
    about = _text(schema.get("description", ""))
    return f'<article id="{_anchor(name)}"><h3>{escape(name)}</h3>{about}<table>{rows}</table></article>'


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#{_anchor(name)}">{escape(name)}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    words = " | ".join(str(one) for one in schema["enum"]) if "enum" in schema else str(schema.get("type", "any"))
    return escape(" ".join(filter(None, [words, _limits(schema)])))


def _limits(schema: Mapping[str, Any]) -> str:
    names = ("format", "minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength", "minItems", "maxItems")
    return ", ".join(f"{name} {schema[name]}" for name in names if name in schema)


def _problems() -> str:
    rows = "".join(
        f'<tr><td>{problem.status}</td><td><a href="/problems/{code}"><code>{code}</code></a></td>'
        f"<td>{_inline(problem.explanation)}</td></tr>"
        for code, problem in sorted(PROBLEMS.items(), key=lambda item: (item[1].status, item[0]))
    )
    return f"<table>{rows}</table>"


def _text(text: str) -> str:
    return "".join(f"<p>{_inline(paragraph)}</p>" for paragraph in text.split("\n\n") if paragraph)


def _inline(text: str) -> str:
    """Escape text, with what stands between backticks as code."""
    return "".join(_alternately(escape(text).split("`")))


def _alternately(pieces: list[str]) -> Iterator[str]:
    for index, piece in enumerate(pieces):
        yield f"<code>{piece}</code>" if index % 2 else piece


def _anchor(name: str) -> str:
    return escape("-".join(name.lower().split()))
