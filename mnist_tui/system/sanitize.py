"""Texts from untrusted files, without characters that could control a terminal or a spreadsheet."""

from __future__ import annotations

# Embeddings, overrides and isolates, which can make a text look like another, for example by reversing it.
_BIDIRECTIONAL = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_LINE_ENDS = (0x2028, 0x2029)
_CODES = {
    code: None for code in (*range(32), *range(127, 160), *_LINE_ENDS, *_BIDIRECTIONAL) if chr(code) not in "\t\n"
}
# A spreadsheet reads a cell that starts so as a formula (OWASP, CSV injection).
_FORMULAS = ("=", "+", "-", "@", "\t", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def strip_control_codes(text: str) -> str:
    """The text without control codes except tabs and newlines, and without changes of the text direction."""
    return text if text.isprintable() else text.translate(_CODES)


def escape_csv_cell(value: object) -> object:
    """A value that stays text in a spreadsheet: an apostrophe is added before what would be a formula."""
    if not isinstance(value, str):
        return value
    text = strip_control_codes(value)
    return f"'{text}" if text.startswith(_FORMULAS) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
