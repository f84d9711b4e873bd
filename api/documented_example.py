"""The example of an operation on the documentation's page: a command for a shell, and what it is answered."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

_VARIABLES = {"identity": "IDENTITY", "queueToken": "QUEUE_TOKEN", "operator": "OPERATOR"}
_IN_PATH = {"user_id": "fan-1", "task_id": "01a21f1c-7f31-7f9c-b15d-0d81d36ef8f2", "code": "seat_taken"}
_IN_QUERY = {"name": "Kim"}


def example_of(path: str, method: str, operation: Mapping[str, Any]) -> str:
    """Return an operation's example as HTML."""
    name = f"{method.upper()} {path}"
    parts = [_block(f"Example of {name}", _command(path, method, operation))]
    answer = _answer(operation)
    if answer is not None:
        status, body = answer
        parts.append(_block(f"Answer {status} to {name}", json.dumps(body, indent=2, ensure_ascii=False)))
    return "".join(parts)


def _command(path: str, method: str, operation: Mapping[str, Any]) -> str:
    """Return a call of curl that can be pasted."""
    names = {one["name"] for one in operation["parameters"]}
    for one in operation["parameters"]:
        path = path.replace("{" + one["name"] + "}", _IN_PATH.get(one["name"], "1"))
    asked = "&".join(
        f"{one['name']}={_IN_QUERY[one['name']]}" for one in operation["parameters"] if _must_be_asked(one)
    )
    path += f"?{asked}" if asked else ""
    words = [f"curl -sS -X {method.upper()}" if method != "get" else "curl -sS", f'"$URL{path}"']
    schemes = [scheme for choice in operation["security"] for scheme in choice]
    if schemes:
        words.append(f'-H "Authorization: Bearer ${_VARIABLES[schemes[0]]}"')
    if "Idempotency-Key" in names:
        words.append('-H "Idempotency-Key: $(uuidgen)"')
    if "Prefer" in names:
        words.append("-H 'Prefer: wait=10'")
    if "requestBody" in operation:
        body = operation["requestBody"]["content"]["application/json"]["example"]
        words.append("-H 'Content-Type: application/json'")
        words.append(f"-d '{json.dumps(body, ensure_ascii=False)}'")
    return " \\\n  ".join(words)


def _must_be_asked(parameter: Mapping[str, Any]) -> bool:
    return parameter["in"] == "query" and bool(parameter["required"])


def _answer(operation: Mapping[str, Any]) -> tuple[str, Any] | None:
    """Return the status and body of the answer that one hopes for; None where it has no shape."""
    for status, response in sorted(operation["responses"].items()):
        for content in response.get("content", {}).values():
            if "example" in content:
                return status, content["example"]
    return None


def _block(label: str, text: str) -> str:
    # Who uses the keyboard must be able to scroll it.
    return f'<pre tabindex="0" role="group" aria-label="{escape(label)}"><code>{escape(text)}</code></pre>'
