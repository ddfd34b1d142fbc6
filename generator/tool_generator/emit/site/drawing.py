"""Boxes and arrows as SVG that follows the colours of the page it stands on.

Two layouts: rows of boxes one below the other, and a column of steps with ways out to the right. Sizes are in user
units of the picture; text is measured by an average width, wide enough for the fonts of browsers.

This module knows geometry and SVG. It must not know what a picture is about.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

_CHARACTER = 7.3
_LINE = 19
_PADDING = 14
_GAP = 26
_FRAME = 12
_WIDTH = 760


@dataclass(frozen=True, slots=True)
class Box:
    """A box: a title, lines below the title, and a kind that the style sheet colours."""

    title: str
    lines: tuple[str, ...] = ()
    kind: str = "plain"

    @property
    def width(self) -> float:
        """The width that the text needs."""
        return max(len(text) for text in (self.title, *self.lines)) * _CHARACTER + 2 * _PADDING

    @property
    def height(self) -> float:
        """The height that the text needs."""
        return (1 + len(self.lines)) * _LINE + 2 * _PADDING - 6


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a column, and the way out where the step ends there: the word at the arrow, and the box it leads to."""

    box: Box
    word: str = ""
    out: Box | None = None


def rows(title: str, layers: Sequence[Sequence[Box]]) -> str:
    """Return a picture of rows of boxes, framed where there are several; an arrow leads from each row to the next."""
    parts: list[str] = []
    top = 4.0
    widths = [sum(box.width for box in layer) + _GAP * (len(layer) - 1) for layer in layers]
    width = max(widths) + 2 * _FRAME + 8
    for at, layer in enumerate(layers):
        height = max(box.height for box in layer)
        left = (width - widths[at]) / 2
        if len(layer) > 1:
            parts.append(_rectangle("rt-frame", 4, top, width - 8, height + 2 * _FRAME))
            top += _FRAME
        for box in layer:
            parts += _box(box, left, top, box.width, height)
            left += box.width + _GAP
        top += height + (_FRAME if len(layer) > 1 else 0)
        if at + 1 < len(layers):
            parts += _arrow(width / 2, top + 3, width / 2, top + _GAP - 3)
            top += _GAP
    return _picture(title, parts, width, top + 4)


def column(title: str, steps: Sequence[Step]) -> str:
    """Return a picture of steps one below the other, with ways out to the right."""
    parts: list[str] = []
    left_width = max(step.box.width for step in steps)
    right = left_width + 96
    outs = [step.out for step in steps if step.out]
    right_width = max((box.width for box in outs), default=0)
    top = 4.0
    for at, step in enumerate(steps):
        height = max(step.box.height, step.out.height if step.out else 0)
        parts += _box(step.box, 4, top, left_width, height)
        if step.out:
            middle = top + height / 2
            parts += _arrow(left_width + 7, middle, right - 4, middle)
            parts.append(
                f'<text class="rt-word" x="{(left_width + right) / 2:g}" y="{middle - 7:g}">{escape(step.word)}</text>'
            )
            parts += _box(step.out, right, top, right_width, height)
        top += height
        if at + 1 < len(steps):
            parts += _arrow(4 + left_width / 2, top + 3, 4 + left_width / 2, top + _GAP - 3)
            top += _GAP
    return _picture(title, parts, right + right_width + 4 if outs else left_width + 8, top + 4)


def _box(box: Box, left: float, top: float, width: float, height: float) -> Iterable[str]:
    yield _rectangle(f"rt-box rt-box-{box.kind}", left, top, width, height)
    lines = (box.title, *box.lines)
    first = top + (height - len(lines) * _LINE) / 2 + 14
    for at, text in enumerate(lines):
        name = "rt-title" if at == 0 else "rt-text"
        yield f'<text class="{name}" x="{left + width / 2:g}" y="{first + at * _LINE:g}">{escape(text)}</text>'


def _rectangle(name: str, left: float, top: float, width: float, height: float) -> str:
    return f'<rect class="{name}" x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" rx="6"/>'


def _arrow(x: float, y: float, to_x: float, to_y: float) -> Iterable[str]:
    yield f'<path class="rt-line" d="M{x:g} {y:g} L{to_x:g} {to_y:g}"/>'
    if to_y > y:
        yield f'<path class="rt-head" d="M{to_x - 4:g} {to_y - 7:g} L{to_x:g} {to_y:g} L{to_x + 4:g} {to_y - 7:g} Z"/>'
    else:
        yield f'<path class="rt-head" d="M{to_x - 7:g} {to_y - 4:g} L{to_x:g} {to_y:g} L{to_x - 7:g} {to_y + 4:g} Z"/>'


def _picture(title: str, parts: Iterable[str], width: float, height: float) -> str:
    shown = escape(title)
    content = "".join(parts)
    return (
        f'<svg class="rt-diagram" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'style="max-width:{min(width, _WIDTH):.0f}px" role="img" aria-label="{shown}"><title>{shown}</title>'
        f"{content}</svg>"
    )
