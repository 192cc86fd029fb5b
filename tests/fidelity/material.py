"""Messages that must come back as they were sent: usual ones, odd ones, broken ones, attacks, noise; each run the same.

The odd ones have names; the others come in any number.
"""

from __future__ import annotations

import base64
import random
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.corpus import corpus
from tests.hostile.inputs import NETWORK, OWN, SCRIPTS

CORPUS = Path(__file__).parents[1] / "corpus"
#: What Python tests its own parser with, where it has come with its tests.
OF_PYTHON = Path(sysconfig.get_paths()["stdlib"], "test", "test_email", "data")
HEADER = b"From: a@example.test\r\nTo: b@example.test\r\nSubject: odd\r\n"
#: Of the odd ones those that take a parser seconds.
SLOW = {"10 000 parts deep", "100 000 encoded words", "a million header fields", "newlines only"}


def nested(depth: int) -> bytes:
    """Multiparts inside each other."""
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
    return HEADER + opened + b"\r\ninnermost\r\n"


CONTENT: dict[str, Callable[[], bytes]] = {
    "nothing at all": lambda: b"",
    "one empty line": lambda: b"\r\n",
    "no header": lambda: b"\r\njust text\r\n",
    "header only": lambda: HEADER,
    "header only, and an empty line": lambda: HEADER + b"\r\n",
    "a header that stops": lambda: HEADER + b"X: cut off he",
    "a header that ends with CR": lambda: HEADER + b"\r",
    "a line of mbox first": lambda: b"From a@example.test Thu Nov 26 00:00:00 2026\r\n" + HEADER + b"\r\nx\r\n",
    "a mark of UTF-8 first": lambda: b"\xef\xbb\xbf" + HEADER + b"\r\nx\r\n",
    "UTF-16": lambda: "Subject: odd\r\n\r\ntext\r\n".encode("utf-16"),
    "NUL": lambda: HEADER + b"\r\nbefore\x00after\r\n",
    "NUL in the header": lambda: HEADER + b"X: a\x00b\r\nY\x00: c\r\n\r\nx\r\n",
    "NUL only": lambda: bytes(3000),
    "bare CR": lambda: HEADER + b"\r\none\rtwo\r\r\nthree\r\n",
    "bare LF": lambda: HEADER + b"\r\none\ntwo\n.\nthree\n\r\n",
    "bare LF only": lambda: HEADER.replace(b"\r\n", b"\n") + b"\nx\n.\n..\n",
    "bare CR only": lambda: HEADER.replace(b"\r\n", b"\r") + b"\rx\r.\r",
    "one dot": lambda: b".\r\n",
    "dots only": lambda: b".\r\n..\r\n...\r\n" * 500,
    "a dot and no line end": lambda: b".",
    "a million dots": lambda: b"." * 1_000_000 + b"\r\n",
    "every octet": lambda: HEADER + b"\r\n" + bytes(range(256)) * 3 + b"\r\n",
    "8-bit header": lambda: HEADER + b"X: gr\xfc\xdfe \xe6\x9d\r\n\r\n\xff\xfe\r\n",
    "leading dots": lambda: b".dot first\r\n" + HEADER + b"\r\n.\r\r\n..\r\n...\r\n.x\r\n",
    "a line of 1 MB": lambda: HEADER + b"\r\n" + b"y" * 1_000_000 + b"\r\n",
    "a header line of 1 MB": lambda: HEADER + b"X: " + b"y" * 1_000_000 + b"\r\n\r\nx\r\n",
    "10 000 parts deep": lambda: nested(10_000),
    "100 000 encoded words": lambda: b"Subject: " + b"=?utf-8?q?a?= " * 100_000 + b"\r\n" + HEADER + b"\r\nx\r\n",
    "a million header fields": lambda: b"X: y\r\n" * 1_000_000 + b"\r\n",
    "10 000 recipients": lambda: b"To: " + b"Ann <a@b.test>,\r\n " * 10_000 + b"c@d.test\r\n\r\nx\r\n",
    "broken MIME": lambda: HEADER + b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n--\r\nContent-Type\r\n",
    "broken base64": lambda: HEADER + b"Content-Transfer-Encoding: base64\r\n\r\n!!!=A=\r\n" + b"A" * 77 + b"\r\n",
    "an address that ends too soon": lambda: b"To: <\r\nFrom: a@[\r\nMessage-ID: <[a@b\r\n\r\nx\r\n",
    "2 000 brackets": lambda: b"To: " + b"(" * 2000 + b"\r\n\r\nx\r\n",
    "an odd charset": lambda: HEADER + b"Content-Type: text/plain; charset=undefined\r\n\r\nx\r\n",
    "newlines only": lambda: b"\r\n" * 500_000,
    "3 MB of base64": lambda: HEADER + b"\r\n" + base64.encodebytes(bytes(2_200_000)).replace(b"\n", b"\r\n"),
    "no line end last": lambda: HEADER + b"\r\nfine\r\n",
}


def odd(slow: bool = True) -> list[bytes]:
    """The odd ones."""
    return [make() for name, make in CONTENT.items() if slow or name not in SLOW]


def files() -> list[bytes]:
    """What is kept in files: ours, and Python's own."""
    return [file.read_bytes() for file in [*sorted(CORPUS.glob("*.eml")), *sorted(OF_PYTHON.glob("msg_*.txt"))]]


def attacks() -> list[bytes]:
    """Mail that tries to run, load or reach something."""
    return [attack.mail(1, "http://127.0.0.1:2") for attack in (*SCRIPTS, *NETWORK, *OWN)]


def noise(count: int) -> Iterator[bytes]:
    """Octets without sense, in lines that end with CRLF, bare CR, bare LF, or in dots."""
    luck = random.Random(11)
    ends = [b"\r\n", b"\r", b"\n", b".", b"\r\n.", b"\n.\n", b"\r\n\r\n", b"\x00"]
    for _ in range(count):
        yield b"".join(luck.randbytes(luck.randint(0, 90)) + luck.choice(ends) for _ in range(luck.randint(0, 60)))


def stirred(count: int) -> Iterator[bytes]:
    """Files that are cut, doubled, put into each other, and have octets changed."""
    luck = random.Random(12)
    known = [octets for octets in files() if len(octets) < 50_000]
    spice = [
        b"\0",
        b"\r",
        b"\n",
        b"\r\n",
        b"--",
        b"\r\n.",
        b"\xff",
        b":",
        b'"',
        b"(",
        b"=?",
        b";",
        b"\r\n\r\n",
        b"<",
        b"{9}\r\n",
    ]
    for _ in range(count):
        octets = luck.choice(known)
        other = luck.choice(known)
        at, end = sorted((luck.randint(0, len(octets)), luck.randint(0, len(octets))))
        match luck.randint(0, 3):
            case 0:
                octets = octets[:at] + octets[end:]
            case 1:
                octets = octets[:end] + octets[at:]
            case 2:
                octets = octets[:at] + other + octets[at:]
            case _:
                octets = octets[:at] + other[luck.randint(0, len(other)) :]
        for _ in range(luck.randint(0, 12)):
            at = luck.randint(0, len(octets))
            octets = octets[:at] + luck.choice(spice) + octets[at + luck.randint(0, 2) :]
        yield octets


def trees(count: int) -> Iterator[bytes]:
    """Messages of many parts, whose boundaries and header fields are often not as they should be."""
    luck = random.Random(13)
    for number in range(count):
        yield HEADER + b"Message-ID: <%d@tree.test>\r\n" % number + _part(luck, luck.randint(1, 6))


def _part(luck: random.Random, depth: int) -> bytes:
    """The fields of a part and its body."""
    end = luck.choice([b"\r\n"] * 6 + [b"\n"])
    kind = luck.choice(["multipart"] * 3 + ["message", "text", "binary"]) if depth else luck.choice(["text", "binary"])
    if kind == "message":
        sub = luck.choice([b"rfc822"] * 4 + [b"global", b"partial", b"delivery-status"])
        return b"Content-Type: message/" + sub + end + end + HEADER + _part(luck, depth - 1)
    if kind == "text":
        fields = luck.choice([b"", b"Content-Type: text/plain; charset=utf-8" + end, b"Content-Type: text/html" + end])
        return fields + luck.choice([end, end, end, b""]) + b"Text of some lines" + end * luck.randint(0, 3)
    if kind == "binary":
        encoding = luck.choice(
            [b"base64", b"quoted-printable", b"binary", b"8bit", b"x-unknown", b"Base64 (so they say)"]
        )
        fields = b"Content-Type: application/octet-stream; name*0*=utf-8''a%20; name*1=b" + end
        fields += b"Content-Disposition: attachment; filename=" + luck.choice([b'"a b"', b"a\\b", b'"open']) + end
        body = luck.choice([base64.b64encode(luck.randbytes(50)), luck.randbytes(40), b"=3D=\r\n=00"])
        return fields + b"Content-Transfer-Encoding: " + encoding + end + end + body + end
    name = luck.choice([b"a", b"a", b"b", b"--", b"x" * 80, b"with space", b""])
    quoted = luck.choice([b'"' + name + b'"', b'"' + name + b'"', name])
    sub = luck.choice([b"mixed", b"alternative", b"digest", b"related", b"report; report-type=delivery-status", b"x"])
    said = b"Content-Type: multipart/" + sub + b"; boundary=" + quoted + end + end
    for _ in range(luck.randint(0, 4)):
        said += b"--" + name + end + _part(luck, depth - 1) + luck.choice([end, end, b""])
    return said + luck.choice([b"--" + name + b"--" + end, b"--" + name + b"--", b"", b"--" + name + end])


def material(count: int) -> list[bytes]:
    """At least so many messages of all kinds, in an order of chance."""
    found = [*odd(), *files(), *attacks()]
    rest = max(0, count - len(found))
    found += [*corpus(rest // 4), *noise(rest // 4), *stirred(rest // 4)]
    found += trees(max(0, count - len(found)))
    random.Random(14).shuffle(found)
    return found


def with_last_end(octets: bytes) -> bytes:
    """What POP3 can say: content that does not end with CRLF gets one, so that the dot has a line of its own."""
    return octets if octets.endswith(b"\r\n") or not octets else octets + b"\r\n"
