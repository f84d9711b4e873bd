"""The frame of a report page: style, heading, cards, tables; one file that needs nothing else."""

from collections.abc import Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark; --ink:#1c2333; --soft:#667085; --paper:#f5f6f9; --card:#fff; --line:#e4e7ee;
  --c1:#4f46e5; --c2:#e0592a; --c3:#0d9488; --c4:#b4338a; --bad:#d92d20; --good:#067647; }
@media (prefers-color-scheme: dark) { :root { --ink:#e6e9f2; --soft:#98a2b8; --paper:#10131c; --card:#191e2b;
  --line:#2b3244; --c1:#8b8bff; --c2:#ff8a5c; --c3:#3fd0c0; --c4:#f07ac8; --bad:#ff7b6e; --good:#5fd6a0; } }
* { box-sizing: border-box; }
body { margin:0; background:var(--paper); color:var(--ink); font:15px/1.5 system-ui,sans-serif; }
main { max-width:1180px; margin:0 auto; padding:36px 24px 64px; }
h1 { font-size:30px; line-height:1.2; margin:0 0 4px; letter-spacing:-.02em; } h2 { font-size:16px; margin:0 0 2px; }
.lead { color:var(--soft); margin:0 0 24px; max-width:75ch; }
.note { color:var(--soft); font-size:13px; margin:0 0 10px; }
.facts { display:grid; grid-template-columns:repeat(auto-fit,minmax(220px,1fr)); gap:12px; margin:0 0 20px; }
.fact, .card { background:var(--card); border:1px solid var(--line); border-radius:12px; }
.fact { padding:14px 16px; }
.fact b { display:block; font-size:25px; line-height:1.2; font-variant-numeric:tabular-nums; letter-spacing:-.02em; }
 .fact span { color:var(--soft); font-size:13px; }
.cards { display:grid; grid-template-columns:repeat(auto-fit,minmax(min(500px,100%),1fr)); gap:16px; }
.card { padding:18px 20px; min-width:0; overflow-x:auto; } .wide { grid-column:1/-1; }
svg { width:100%; height:auto; display:block; } svg text { fill:var(--soft); font:12px system-ui,sans-serif; }
svg .label { text-anchor:middle; } .grid { stroke:var(--line); } .axis { stroke:var(--soft); }
polyline { fill:none; stroke-width:2; stroke-linejoin:round; }
.s1{stroke:var(--c1)} .s2{stroke:var(--c2)} .s3{stroke:var(--c3)} .s4{stroke:var(--c4)}
.f1{fill:var(--c1)} .f2{fill:var(--c2)} .f3{fill:var(--c3)} .f4{fill:var(--c4)} .area{opacity:.14} .dot{opacity:.45}
.b1{background:var(--c1)} .b2{background:var(--c2)} .b3{background:var(--c3)} .b4{background:var(--c4)}
.missed{fill:var(--bad)} .goal{stroke:var(--c2);stroke-width:2;stroke-dasharray:4 3}
.whisker{stroke:var(--ink);stroke-width:1.5}
.legend { display:flex; gap:16px; flex-wrap:wrap; margin:6px 0 0; font-size:13px; color:var(--soft); }
.legend i { display:inline-block; width:10px; height:10px; border-radius:3px; margin-right:6px; }
table { border-collapse:collapse; width:100%; font-variant-numeric:tabular-nums; font-size:14px; }
th,td { text-align:right; padding:6px 8px; border-bottom:1px solid var(--line); }
th { color:var(--soft); font-weight:500; }
th:first-child,td:first-child { text-align:left; } .good{color:var(--good)} .bad{color:var(--bad)}
.nothing { color:var(--soft); } code { font-size:13px; overflow-wrap:anywhere; }
"""


def page(title: str, lead: str, sections: Sequence[str]) -> str:
    """Return a whole HTML page; `sections` are HTML, the texts are escaped here."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>"
        f'<h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p>{"".join(sections)}</main></body></html>\n'
    )


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Show the figures that matter most, large: (figure, what it is)."""
    shown = [f'<div class="fact"><b>{escape(figure)}</b><span>{escape(what)}</span></div>' for figure, what in pairs]
    return f'<div class="facts">{"".join(shown)}</div>'


def cards(contents: Sequence[str]) -> str:
    """Lay cards out in as many columns as fit."""
    return f'<div class="cards">{"".join(contents)}</div>'


def card(title: str, note: str, content: str, *, wide: bool = False) -> str:
    """Frame one plot or table (`content` is HTML) under a heading that says what it shows."""
    return (
        f'<section class="card{" wide" if wide else ""}"><h2>{escape(title)}</h2>'
        f'<p class="note">{escape(note)}</p>{content}</section>'
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table; every cell is escaped."""
    heading = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{heading}</tr></thead><tbody>{body}</tbody></table>"
