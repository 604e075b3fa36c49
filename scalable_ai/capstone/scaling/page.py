"""A report's sections as Markdown and as one HTML page."""

import html
import re
from collections.abc import Sequence

from .section import Section

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid #8888; padding: .25rem .6rem; text-align: left; }
img { max-width: 100%; background: white; }
"""


def as_markdown(sections: Sequence[Section], picture: str, description: str) -> str:
    """Return the sections as Markdown; `picture` is the path of the image, `description` what it shows."""
    blocks = []
    for level, section in enumerate(sections):
        blocks.append(f"{'#' if level == 0 else '##'} {section.title}")
        blocks += section.paragraphs
        if section.columns:
            rule = "|".join(" --- " for _ in section.columns)
            lines = [" | ".join(row) for row in (section.columns, *section.rows)]
            blocks.append("\n".join([f"| {lines[0]} |", f"|{rule}|", *(f"| {line} |" for line in lines[1:])]))
        if section.picture:
            blocks += [f"![{description}]({picture})", description]
    return "\n\n".join(blocks) + "\n"


def as_html(sections: Sequence[Section], picture: str, description: str) -> str:
    """Return the sections as a page of its own; `picture` is the address of the image."""
    parts = [f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{_inline(sections[0].title)}</title>"]
    parts.append(f"<meta name='viewport' content='width=device-width'><style>{STYLE}</style></head><body>")
    for level, section in enumerate(sections):
        tag = "h1" if level == 0 else "h2"
        parts.append(f"<{tag}>{_inline(section.title)}</{tag}>")
        parts += [f"<p>{_inline(paragraph)}</p>" for paragraph in section.paragraphs]
        if section.columns:
            head = "".join(f"<th scope='col'>{_inline(name)}</th>" for name in section.columns)
            rows = ["".join(f"<td>{_inline(cell)}</td>" for cell in row) for row in section.rows]
            body = "".join(f"<tr>{row}</tr>" for row in rows)
            parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
        if section.picture:
            text = html.escape(description)
            parts.append(f"<figure><img src='{picture}' alt='{html.escape(description, quote=True)}'>")
            parts.append(f"<figcaption>{text}</figcaption></figure>")
    return "\n".join([*parts, "</body></html>"]) + "\n"


def _inline(text: str) -> str:
    text = html.escape(text)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"\*([^*`]+)\*", r"<em>\1</em>", text)
