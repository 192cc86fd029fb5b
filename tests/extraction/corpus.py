"""Makes labelled mails out of templates: each in several codes, layouts, charsets and encodings; repeatable."""

from __future__ import annotations

import html
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email import charset as charsets
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP

from tests.extraction.templates import Template

VARIANTS = 4
_STAYS = re.compile(r"[\d@/{}]|^[^a-z]+$")
_OTHER_LETTERS = str.maketrans("aeiouybcdfghjklmnpqrstvwxz", "iouyaekmlnpqrstvwxzbcdfghj")
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ"


@dataclass(frozen=True)
class Labelled:
    """A mail and the codes it holds."""

    name: str
    language: str
    octets: bytes
    codes: frozenset[str]


def mails(templates: tuple[Template, ...], variants: int = VARIANTS) -> Iterator[Labelled]:
    """Every template in `variants` mails, always the same ones."""
    for template in templates:
        for number in range(variants):
            yield _mail(template, number, random.Random(f"{template.name}/{number}"))


def code(style: str, chance: random.Random) -> tuple[str, str]:
    """A code as one types it, and as it is written."""
    digits = "".join(chance.choice("0123456789") for _ in range(10))
    while digits[:2] in ("19", "20"):
        digits = digits[1:] + "7"
    letters = "".join(chance.choice(_LETTERS) for _ in range(8))
    mixed = "".join(a + b for a, b in zip(letters, digits, strict=False))
    match style:
        case "d33":
            return digits[:6], f"{digits[:3]} {digits[3:6]}"
        case "d3-3":
            return digits[:6], f"{digits[:3]}-{digits[3:6]}"
        case "g":
            return f"G-{digits[:6]}", f"G-{digits[:6]}"
        case "aa":
            return f"{mixed[:4]}-{mixed[4:8]}", f"{mixed[:4]}-{mixed[4:8]}"
        case "fw":
            return digits[:6], "".join(chr(ord(c) + 0xFEE0) for c in digits[:6])
        case "ai":
            return digits[:6], "".join(chr(ord(c) - 48 + 0x660) for c in digits[:6])
        case _ if style.startswith("an"):
            return mixed[: int(style[2:])], mixed[: int(style[2:])]
        case _:
            return digits[: int(style[1:])], digits[: int(style[1:])]


def in_no_language(templates: tuple[Template, ...]) -> tuple[Template, ...]:
    """The same mails with other letters in each word that has small ones: what is left is the form they have."""
    plain = [template for template in templates if not template.html]
    return tuple(
        [
            replace(one, subject=_other_letters(one.subject), paragraphs=tuple(map(_other_letters, one.paragraphs)))
            for one in plain
        ]
    )


def _other_letters(text: str) -> str:
    """Vowels for vowels and consonants for consonants; numbers, addresses, capitals and what is filled in stay."""
    return re.sub(r"\S+", lambda word: word[0] if _STAYS.search(word[0]) else word[0].translate(_OTHER_LETTERS), text)


def _mail(template: Template, number: int, chance: random.Random) -> Labelled:
    typed, written = code(template.styles[number % len(template.styles)], chance)
    digits = "".join(chance.choice("123456789") for _ in range(8))
    values = {
        "c": written,
        "n4": digits[:4],
        "n5": digits[:5],
        "n6": digits[:6],
        "n8": digits,
        "p": chance.choice(("SAVE20", "SUMMER26", "WELCOME10", "FRIEND15", "XMAS50")),
        "r": chance.choice(("K7PQ2M", "HMXR4T", "ZQ83LD", "RT55XA")),
        "y": chance.choice(("2024", "2025", "2026")),
        "t": chance.choice(("+1 503 555 0142", "(503) 555-0142", "030 4829130", "+49 30 901820")),
        "m": chance.choice(("$49.99", "€ 1.204,50", "£1200", "USD 4821")),
    }
    fill = lambda text: text.format(**values)  # noqa: E731
    paragraphs = [fill(paragraph) for paragraph in template.paragraphs]
    codes = any("{c}" in text for text in (template.subject, *template.paragraphs, template.html))
    text = "\n\n".join(paragraphs) + _footer(digits, values["y"])
    page = fill(template.html) if template.html else _page(template, paragraphs, written, number, digits, values["y"])
    shape = ("both", "html", "text", "both")[number % 4]
    octets = _message(fill(template.subject), text, page, shape, number, template.language)
    return Labelled(f"{template.name}/{number}", template.language, octets, frozenset([typed] if codes else ()))


def _footer(digits: str, year: str) -> str:
    address = f"© {year} Acme GmbH, Hauptstr. {digits[:2]}, {digits[:5]} Berlin · HRB {digits[2:8]}"
    return f"\n\n--\n{address}\n+49 30 {digits[:6]}\n"


def _page(template: Template, paragraphs: list[str], written: str, number: int, digits: str, year: str) -> str:
    pieces = []
    for source, paragraph in zip(template.paragraphs, paragraphs, strict=True):
        if source == "{c}":
            pieces.append(_set(written, number))
        elif paragraph.startswith("http"):
            pieces.append(f'<p><a href="{html.escape(paragraph)}">Go on</a></p>')
        else:
            bold = html.escape(paragraph).replace(written, f"<strong>{written}</strong>") if "{c}" in source else ""
            pieces.append(f"<p style='margin:0 0 16px'>{bold or html.escape(paragraph)}</p>")
    return f"""<!doctype html><html><head><title>Message {digits[:6]}</title><style>p {{ color: #{digits[:6]} }}
.preheader {{ display: none; font-size: 1px }} @media (max-width:600px) {{ .wide {{ display: none }} }}</style></head>
<body style="background:#{digits[2:8]}"><div class="preheader">Preview {digits[:6]}&zwnj;&nbsp;&zwnj;</div>
<table width="600" class="wide"><tr><td style="padding:24px">{"".join(pieces)}</td></tr>
<tr><td style="font-size:12px;color:#999">&copy; {year} Acme GmbH<br>Hauptstr. {digits[:2]}, {digits[:5]} Berlin<br>
<a href="https://example.test/u/{digits}?code={digits[:6]}">Unsubscribe</a></td></tr></table>
<img src="https://t.example.test/open.gif?id={digits}" width="1" height="1"></body></html>"""


def _set(written: str, number: int) -> str:
    """A code as designers set it."""
    if number % 4 == 1 and " " not in written and "-" not in written:
        boxes = "".join(f'<td style="border:1px solid #ccc;padding:8px">{c}</td>' for c in written)
        return f"<table align=center><tr>{boxes}</tr></table>"
    if number % 4 == 3:
        spans = "".join(f"<span style='padding:0 4px'>{c}</span>" for c in written)
        return f'<div style="font-size:32px;letter-spacing:6px;text-align:center">{spans}</div>'
    return f'<h1 style="font-family:monospace">{written.replace(" ", "&nbsp;")}</h1>'


_NATIVE = {"ja": "iso-2022-jp", "ru": "koi8-r", "zh": "gb18030", "ko": "euc-kr", "pl": "iso-8859-2", "de": "iso-8859-1"}


def _message(subject: str, text: str, page: str, shape: str, number: int, language: str) -> bytes:
    name = _NATIVE.get(language, "utf-8") if number % 4 == 2 else "utf-8"
    try:
        (text + page).encode(name)
    except UnicodeEncodeError:
        name = "utf-8"
    charset = charsets.Charset(name)
    charset.body_encoding = charsets.QP if number % 2 else charsets.BASE64
    parts = {"text": MIMEText(text, "plain"), "html": MIMEText(page, "html")}
    for kind, part in parts.items():
        del part["Content-Transfer-Encoding"]
        part.set_payload(text if kind == "text" else page, charset)
    message = MIMEMultipart("alternative", _subparts=list(parts.values())) if shape == "both" else parts[shape]
    head = EmailMessage(policy=SMTP)
    head["Subject"] = subject
    head["From"] = "Acme <no-reply@example.test>"
    head["To"] = "reader@example.test"
    return head.as_bytes().rstrip() + b"\r\n" + message.as_bytes(policy=SMTP)
