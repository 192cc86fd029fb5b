"""Numbers on lines and in table cells of their own, and what stands in the row above them; pure."""

from __future__ import annotations

import re

from mailtrap.mail.extraction.labels import labels_in
from mailtrap.mail.extraction.lines import Line
from mailtrap.mail.extraction.shapes import Shape, only_numbers, shapes

_ALONE = re.compile(r"[^\w]*")


def is_alone(lines: list[Line], number: int, shape: Shape) -> bool:
    """Whether nothing else stands on its line, but others of its kind."""
    line = lines[number]
    if _ALONE.fullmatch(line.text[: shape.start] + line.text[shape.end :]):
        return True
    if shape.is_word:
        return False
    if only_numbers(line.text, line.hidden):
        return "\t" not in line.text or not heading(lines, number, shape)
    return _is_of_a_list(lines, number, shape)


def _is_of_a_list(lines: list[Line], number: int, shape: Shape) -> bool:
    """Whether it is in a list of codes, each beside the name that it is for, below words that say so and a colon."""
    first = number
    while first >= 0 and (_row(lines[first], len(shape.written)) or (first < number and not lines[first].text)):
        first -= 1
    last = number
    while last < len(lines) and _row(lines[last], len(shape.written)):
        last += 1
    rows = len([line for line in lines[first + 1 : last] if line.text])
    above = lines[first].text if first >= 0 else ""
    return rows > 1 and above.endswith((":", "：")) and any([label.kind != "other" for label in labels_in(above)])


def _row(line: Line, length: int) -> bool:
    """Whether a line is a name that names no number, and beside it a number as long as that."""
    cells = line.text.split("\t")
    if len(cells) != 2 or len(cells[1].strip()) != length or len(cells[0]) > 40 or labels_in(cells[0]):
        return False
    found = next(shapes(cells[1].strip()), None)
    return found is not None and len(found.written) == length


def heading(lines: list[Line], number: int, shape: Shape) -> str:
    """What stands in the row above a number's cell, where it has a cell for itself and that names numbers."""
    cells, above = lines[number].text.split("\t"), number - 1
    column = lines[number].text[: shape.start].count("\t")
    while above >= 0 and not lines[above].text:
        above -= 1
    row = lines[above].text.split("\t") if above >= 0 else []
    if len(row) != len(cells) or cells[column].strip() != shape.written or any(c.isdigit() for c in row[column]):
        return ""
    return row[column] if labels_in(row[column]) else ""
