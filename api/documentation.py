"""Pages for people about the API: plain HTML made here, with no script and nothing from elsewhere."""

from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator, Mapping
from hashlib import sha256
from html import escape
from typing import Any

from api.documented_example import example_of
from api.problem_codes import PROBLEMS

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1a1f; --paper: #fff; --line: #d5d2da; --soft: #f4f2f6;
  --get: #0b4f85; --post: #1d5e22; --delete: #9d1c1c; --patch: #7a4700; }
@media (prefers-color-scheme: dark) { :root { --ink: #ece9ef; --paper: #16141a; --line: #423e49; --soft: #211e27;
  --get: #8cc4f5; --post: #93d79a; --delete: #f5a3a3; --patch: #f0bf7c; } }
* { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0; color: var(--ink); background: var(--paper); }
main { padding: 1rem 1.25rem 5rem; max-width: 58rem; min-width: 0; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: 1rem; background: var(--paper); }
nav { padding: 1rem 1.25rem; border-bottom: 1px solid var(--line); font-size: .9rem; }
nav ul { list-style: none; margin: 0; padding: 0 0 .5rem .75rem; } nav p { margin: .75rem 0 .25rem; }
nav a { display: block; padding: .15rem 0; } nav code { font-size: .95em; }
@media (min-width: 64rem) {
  .beside { display: grid; grid-template-columns: 21rem minmax(0, 1fr); }
  nav { position: sticky; top: 0; height: 100vh; overflow: auto; border: 0; border-right: 1px solid var(--line); }
}
h1 { font-size: 1.9rem; } h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); }
h2, article { scroll-margin-top: 1rem; }
code, pre { font: 0.88em/1.5 ui-monospace, monospace; } code { overflow-wrap: anywhere; }
pre { background: var(--soft); padding: .6rem .8rem; overflow: auto; border-radius: .4rem; max-height: 24rem; }
article { border: 1px solid var(--line); border-radius: .6rem; margin: 1rem 0; padding: .25rem 1rem 1rem; }
article h3 { display: flex; flex-wrap: wrap; gap: .6rem; font-size: 1.05rem; align-items: baseline; }
.method { font: 700 .8rem ui-monospace, monospace; padding: .1rem .5rem; border: 1px solid; border-radius: .3rem; }
.get { color: var(--get); } .post { color: var(--post); }
.delete { color: var(--delete); } .patch { color: var(--patch); }
table { border-collapse: collapse; width: 100%; margin-top: .75rem; }
caption { text-align: left; font-weight: 600; } th { text-align: left; font-weight: 400; }
th:has(code) { min-width: min(7.8rem, 26vw); }
td { overflow-wrap: anywhere; }
th, td { border-top: 1px solid var(--line); vertical-align: top; padding: .3rem .8rem .3rem 0; }
a { color: inherit; }
"""
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
_NAMES = {"identity": "Identity", "queueToken": "Queue token", "operator": "Operator's identity"}
_ABOUT_CREDENTIALS = """Every credential is sent in a header, `Authorization: Bearer …`. Each operation says which it
needs; one that is missing, not genuine or over is answered 401 (`token_missing`, `token_invalid`, `token_expired`), one
that is not enough 403.

The examples below are for a shell in which `URL`, `IDENTITY`, `QUEUE_TOKEN` and `OPERATOR` are set."""
_HOW_TO_GET = {
    "identity": "Your identity provider signs it when somebody signs in. In demo mode `frontrow token fan-1` prints"
    " one.",
    "queueToken": "Join a line with an identity (`POST /v1/queue-tokens`). The task's `result.token` is the queue"
    " token: it waits, is active when the turn has come, and then opens dates, seats, holds and payment of its"
    " concert.",
    "operator": "In demo mode `frontrow token seller --operator` prints one.",
}
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def docs_page(document: Mapping[str, Any]) -> tuple[str, str]:
    """Return the page of the OpenAPI document and the content security policy that it needs."""
    by_tag: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = defaultdict(list)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            by_tag[operation["tags"][0]].append((path, method, operation))
    components = document["components"]
    sections = "".join(
        _section(tag, "".join(_operation(*one) for one in found), _anchor(tag)) for tag, found in by_tag.items()
    )
    shapes = "".join(_schema(name, schema) for name, schema in components["schemas"].items())
    body = (
        '<a class="skip" href="#content">To the content</a><div class="beside">'
        f'{_contents(by_tag)}<main id="content"><h1>The frontrow API</h1>{_text(document["info"]["description"])}'
        '<p>For programs: <a href="/openapi.json">openapi.json</a></p>'
        f"{_section('Credentials', _credentials(components['securitySchemes']))}{sections}"
        f"{_section('Shapes', shapes)}{_section('Problems', _problems())}</main></div>"
    )
    return _page("The frontrow API", body), POLICY


def _contents(by_tag: Mapping[str, list[tuple[str, str, Mapping[str, Any]]]]) -> str:
    """Return the contents that stand at the side: every operation under its tag."""

    def link(path: str, method: str, operation: Mapping[str, Any]) -> str:
        name = f'<span class="{method}">{method.upper()}</span> {escape(path)}'
        return f'<li><a href="#{escape(operation["operationId"])}"><code>{name}</code></a></li>'

    parts = [_chapter("Credentials")]
    for tag, found in by_tag.items():
        parts.append(f"{_chapter(tag)}<ul>{''.join(link(*one) for one in found)}</ul>")
    parts += [_chapter("Shapes"), _chapter("Problems")]
    return f'<nav aria-label="Contents">{"".join(parts)}</nav>'


def _chapter(name: str) -> str:
    return f'<p><a href="#{_anchor(name)}">{escape(name)}</a></p>'


def _section(name: str, content: str, anchor: str | None = None) -> str:
    anchor = anchor or _anchor(name)
    return f'<section aria-labelledby="{anchor}"><h2 id="{anchor}">{escape(name)}</h2>{content}</section>'


def _credentials(schemes: Mapping[str, Any]) -> str:
    """Explain what is sent as `Authorization: Bearer`, and which operation wants which."""
    found = "".join(
        f"<article><h3>{escape(_NAMES[name])}</h3>{_text(scheme['description'])}{_text(_HOW_TO_GET[name])}</article>"
        for name, scheme in schemes.items()
    )
    return f"{_text(_ABOUT_CREDENTIALS)}{found}"


def problem_page(code: str) -> tuple[str, str]:
    """Return the page that explains a problem code, and its content security policy."""
    problem = PROBLEMS[code]
    body = (
        f"<main><h1>{escape(problem.title)}</h1><p><code>{escape(code)}</code> comes with status {problem.status}.</p>"
        f'{_text(problem.explanation)}<p><a href="/docs">The whole API</a></p></main>'
    )
    return _page(problem.title, body), POLICY


def _page(title: str, body: str) -> str:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head><body>{body}</body></html>'


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    answers = "".join(
        f'<tr><th scope="row">{escape(status)}</th>'
        f"<td>{_inline(response['description'])}{_shape_of(response)}</td></tr>"
        for status, response in operation["responses"].items()
    )
    parameters = "".join(
        f'<tr><th scope="row"><code>{escape(one["name"])}</code></th><td>{escape(one["in"])}</td>'
        f"<td>{_inline(one.get('description', ''))} {_inline(_limits(one['schema']))}</td></tr>"
        for one in operation["parameters"]
    )
    body = f"<p>Body:{_shape_of(operation['requestBody'])}</p>" if "requestBody" in operation else ""
    return (
        f'<article id="{escape(operation["operationId"])}"><h3><span class="method {method}">{method.upper()}</span>'
        f"<code>{escape(path)}</code> {escape(operation['summary'])}</h3>{_text(operation['description'])}{body}"
        f"{_table('Parameters', parameters)}{example_of(path, method, operation)}{_table('Answers', answers)}</article>"
    )


def _table(caption: str, rows: str) -> str:
    return f"<table><caption>{caption}</caption><tbody>{rows}</tbody></table>" if rows else ""


def _shape_of(holder: Mapping[str, Any]) -> str:
    references = [content["schema"].get("$ref") for content in holder.get("content", {}).values()]
    names = [reference.rpartition("/")[2] for reference in references if reference]
    return "".join(f' <a href="#{_anchor(name)}">{escape(name)}</a>' for name in names if name != "ProblemView")


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = "".join(
        f'<tr><th scope="row"><code>{escape(field)}</code></th>'
        f"<td>{_type(one)}{'' if field in required else ', optional'}</td>"
        f"<td>{_inline(one.get('description', ''))}</td></tr>"
        for field, one in schema.get("properties", {}).items()
    )
    about = _text(schema.get("description", ""))
    return f'<article id="{_anchor(name)}"><h3>{escape(name)}</h3>{about}{_table("Fields", rows)}</article>'


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
        f'<tr><td>{problem.status}</td><th scope="row"><a href="/problems/{code}"><code>{code}</code></a></th>'
        f"<td>{_inline(problem.explanation)}</td></tr>"
        for code, problem in sorted(PROBLEMS.items(), key=lambda item: (item[1].status, item[0]))
    )
    return _table("Every code, by status", rows)


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
