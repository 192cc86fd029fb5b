"""Which parts a person reads and which they would save (RFC 2046 §5.1, RFC 2183, RFC 2387)."""

from __future__ import annotations

from mailtrap.mail.mime import Part

# Text that is for programs: shown by the part view, never as the text of the message.
_NOT_PROSE = frozenset(
    ("text/calendar", "text/css", "text/directory", "text/rfc822-headers", "text/vcard", "text/x-amp-html")
)


def texts(root: Part) -> tuple[list[Part], list[Part]]:
    """The parts that make up the plain text and those that make up the HTML, in document order."""
    plain: list[Part] = []
    html: list[Part] = []
    pending = [root]
    while pending:
        part = pending.pop()
        if part.is_multipart:
            pending += reversed(_shown_children(part))
        elif _is_shown(part):
            if part.type == "text/html":
                html.append(part)
            elif part.type not in _NOT_PROSE or part is root:
                plain.append(part)
    return plain, html


def _shown_children(part: Part) -> list[Part]:
    children = part.children
    if part.type == "multipart/alternative":
        return _alternatives(children)
    if part.type == "multipart/signed":
        return children[:1]
    if part.type == "multipart/related":
        start = part.parameters.get("start", "").strip("<> ")
        first = next((child for child in children if start and child.content_id == start), children[0])
        # Broken senders put the images first; then nothing is lost by looking at all of them.
        return [first] if first.is_multipart or first.is_text else children
    return children


def _alternatives(children: list[Part]) -> list[Part]:
    """The last, richest one of each kind, in document order."""
    chosen = {}
    for child in children:
        if child.is_multipart or child.type in ("text/plain", "text/html"):
            chosen["multipart" if child.is_multipart else child.type] = child
    return list(chosen.values()) or children


def _is_shown(part: Part) -> bool:
    if not part.is_text or part.disposition == "attachment":
        return False
    container = part.parent.type if part.parent else ""
    return (
        not part.filename
        or part.disposition == "inline"
        or container in ("", "multipart/alternative", "multipart/related")
    )


def attachments(parts: list[Part], shown: tuple[list[Part], list[Part]]) -> list[Part]:
    """What a person would save: not the text, its alternatives, its images or its signature; an embedded message
    counts once, whatever is inside."""
    read = {id(part) for group in shown for part in group}
    found = []
    embedded_end = -1
    for part in parts:
        if part.body_start < embedded_end or part.is_multipart or id(part) in read:
            continue
        if part.children:
            embedded_end = part.body_end
        if not _is_hidden(part):
            found.append(part)
    return found


def _is_hidden(part: Part) -> bool:
    container = part.parent.type if part.parent else ""
    if container == "multipart/signed" and part.parent and part is not part.parent.children[0]:
        return True
    if part.disposition == "attachment":
        return False
    if container == "multipart/alternative" or (part.is_text and not part.filename):
        return True
    if container in ("multipart/report", "multipart/encrypted") and not part.filename:
        return True
    return part.type.startswith("image/") and bool(part.content_id or part.location or container == "multipart/related")
