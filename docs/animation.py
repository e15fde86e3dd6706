"""An animated SVG of a terminal: each row is drawn once per look that it has, and shown while it has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from xml.sax.saxutils import escape

from rich.color import Color
from rich.style import Style
from rich.terminal_theme import SVG_EXPORT_THEME
from textual.strip import Strip

# Pixels of a cell, and of the window around the cells.
_WIDTH, _HEIGHT, _SIZE = 9.0, 20.0, 15
_MARGIN, _TOP = 10, 34


@dataclass
class Animation:
    """Frames of a terminal of `columns` × `rows`, on a background of this color."""

    columns: int
    rows: int
    background: str
    _frames: list[tuple[float, list[str]]] = field(default_factory=list)
    _styles: dict[str, str] = field(default_factory=dict)

    def add(self, strips: Sequence[Strip], seconds: float) -> None:
        """Show these lines for so many seconds."""
        self._frames.append((seconds, [self._draw_row(strip) for strip in strips]))

    def to_svg(self, title: str) -> str:
        """Endlessly repeated."""
        width, height = self.columns * _WIDTH + 2 * _MARGIN, self.rows * _HEIGHT + _TOP + _MARGIN
        rows = list(self._animate_rows())
        css = "".join(f".{name}{{{rule}}}" for rule, name in self._styles.items())
        buttons = "".join(
            f'<circle cx="{20 + 18 * at}" cy="17" r="6" fill="{color}"/>'
            for at, color in enumerate(("#ff5f57", "#febc2e", "#28c840"))
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}">'
            f"<style>text{{font:{_SIZE}px 'Fira Code','DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre}}"
            f"{css}{''.join(dict.fromkeys(keyframes for keyframes, _ in rows))}</style>"
            f'<rect width="100%" height="100%" rx="9" fill="#2a2d34"/>{buttons}'
            f'<text x="{width / 2:g}" y="22" fill="#c9ccd3" text-anchor="middle">{escape(title)}</text>'
            f'<g transform="translate({_MARGIN} {_TOP})">'
            f'<rect width="{self.columns * _WIDTH:g}" height="{self.rows * _HEIGHT:g}" fill="{self.background}"/>'
            f"{''.join(row for _, row in rows)}</g></svg>\n"
        )

    def _animate_rows(self) -> Iterator[tuple[str, str]]:
        """The keyframes and the drawing of each look of each row; a look that comes back has one drawing."""
        total = sum(seconds for seconds, _ in self._frames)
        for y in range(self.rows):
            looks: dict[str, list[tuple[float, float]]] = {}
            start = 0.0
            for look, frames in groupby(self._frames, key=lambda frame: frame[1][y]):
                end = start + sum(seconds for seconds, _ in frames)
                looks.setdefault(look, []).append((start, end))
                start = end
            for look, spans in looks.items():
                if look:
                    yield _animate(f'<g transform="translate(0 {y * _HEIGHT:g})"', look, spans, total)

    def _draw_row(self, strip: Strip) -> str:
        parts, column = [], 0
        for segment in strip:
            count = segment.cell_length
            x, width = column * _WIDTH, count * _WIDTH
            color, background = _colors(segment.style or Style())
            if background != self.background:
                parts.append(f'<rect x="{x:g}" width="{width:g}" height="{_HEIGHT:g}" fill="{background}"/>')
            if segment.text.strip():
                name = self._name(f"fill:{color}{';font-weight:bold' if segment.style and segment.style.bold else ''}")
                parts.append(
                    f'<text class="{name}" x="{x:g}" y="15" textLength="{width:g}">{escape(segment.text)}</text>'
                )
            column += count
        return "".join(parts)

    def _name(self, rule: str) -> str:
        return self._styles.setdefault(rule, f"s{len(self._styles)}")


def _animate(opening: str, look: str, spans: Sequence[tuple[float, float]], total: float) -> tuple[str, str]:
    if spans[0] == (0.0, total):
        return "", f"{opening}>{look}</g>"
    marks = [(start, 1) for start, _ in spans] + [(end, 0) for _, end in spans if end < total]
    if spans[0][0] > 0:
        marks.append((0.0, 0))
    name = "k" + "_".join(f"{start:g}-{end:g}".replace(".", "p") for start, end in spans)
    steps = "".join(f"{100 * at / total:.3f}%{{opacity:{shown}}}" for at, shown in sorted(marks))
    animation = f'style="opacity:0;animation:{name} {total:g}s step-end infinite"'
    return f"@keyframes {name}{{{steps}}}", f"{opening} {animation}>{look}</g>"


def _colors(style: Style) -> tuple[str, str]:
    """Of the text and of its background, as hexadecimal numbers."""
    color, background = _hex(style.color, foreground=True), _hex(style.bgcolor, foreground=False)
    return (background, color) if style.reverse else (color, background)


def _hex(color: Color | None, *, foreground: bool) -> str:
    triplet = (color or Color.default()).get_truecolor(SVG_EXPORT_THEME, foreground=foreground)
    return triplet.hex
