"""Texts out of files, such as a stranger's run, without what would have power over a terminal or a spreadsheet."""

from __future__ import annotations

# Embeddings, overrides and isolates, with which a text looks like another: it is written backwards, for one.
_BIDIRECTIONAL = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_LINE_ENDS = (0x2028, 0x2029)
_CODES = {
    code: None
    for code in (*range(32), *range(127, 160), *_LINE_ENDS, *_BIDIRECTIONAL)
    if chr(code) not in "\t\n"
}
# A spreadsheet takes what begins so for a formula (OWASP, CSV injection).
_FORMULAS = ("=", "+", "-", "@", "\t", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def without_control_codes(text: str) -> str:
    """The text without control codes but tabs and newlines, and without what turns the direction of writing around."""
    return text if text.isprintable() else text.translate(_CODES)


def csv_cell(value: object) -> object:
    """A value that stays a text in a spreadsheet: an apostrophe goes before what would be a formula there."""
    if not isinstance(value, str):
        return value
    text = without_control_codes(value)
    return f"'{text}" if text.startswith(_FORMULAS) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
