"""Messages of many parts as chance has them, all of them by the book (RFC 2045, RFC 2046, RFC 5322)."""

from __future__ import annotations

import base64
import random

ADDRESSES = (
    b"Ann <a@b.test>", b"a@b.test", b'"B, C" <b@c.test>, d@e.test', b"G: a@b.test, Ann <c@d.test>;, x@y.test",
    b"undisclosed-recipients:;", b"a@b.test (Ann Bee)", b"Ann (the) Bee <a@b.test>", b'"a b"@c.test',
    b"<@a.test,@b.test:c@d.test>", b"=?utf-8?q?J=C3=B6?= <j@x.test>", b"a@[127.0.0.1]", b"Joe Q. Public <j@x.test>",
    b"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", b"c@d.test,\r\n d@d.test",
)  # fmt: skip
SUBJECTS = (b"hello", b"=?utf-8?q?=C3=BC?= x", b"folded\r\n subject", b"", b'with "quotes" and \\', b"{5}", b"NIL")
DISPOSITIONS = (
    b"inline", b"attachment; filename=a.txt", b'ATTACHMENT; filename="a b.txt"; size=12',
    b'attachment;\r\n filename="q\\"uote.txt"', b"attachment; filename*=utf-8''%C3%BC.txt",
)  # fmt: skip
TEXTS = (
    b"Content-Type: text/plain; charset=utf-8", b'Content-Type: TEXT/html; charset="iso-8859-1"; format=flowed',
    b'Content-Type: text/plain;\r\n\tcharset="iso-8859-1"', b"Content-Type: text/html (as they say); charset=x (y)",
)  # fmt: skip
BODIES = (b"", b"one line", b"two\r\nlines\r\n", b"=3D quoted=\r\n soft\r\n", b"\r\n\r\nblank first\r\n", b".dot\r\n")


class Mimes:
    """Makes one message after the other; the same seed gives the same."""

    def __init__(self, seed: int) -> None:
        self._luck = random.Random(seed)
        self._boundaries = 0

    def message(self, depth: int) -> bytes:
        """A message with parts up to `depth` in each other."""
        luck = self._luck
        fields = [b"Subject: " + luck.choice(SUBJECTS), b"Date: Mon, 2 Feb 2026 10:00:00 +0100", b"Message-ID: <1@m>"]
        fields = [field for field in fields if luck.random() < 0.8]
        for name in (b"From", b"Sender", b"Reply-To", b"To", b"Cc", b"Bcc"):
            if luck.random() < 0.5:
                fields.append(name + b": " + luck.choice(ADDRESSES))
        luck.shuffle(fields)
        return b"".join([field + b"\r\n" for field in (b"MIME-Version: 1.0", *fields)]) + self._part(depth)

    def _part(self, depth: int, in_digest: bool = False) -> bytes:
        luck = self._luck
        if depth and luck.random() < (0.9 if in_digest else 0.3):
            # In a digest it need not be said (RFC 2046 §5.1.5).
            said = [] if in_digest and luck.random() < 0.5 else [b"Content-Type: message/rfc822"]
            return self._headed(said, self.message(depth - 1))
        if depth and luck.random() < 0.6:
            return self._multipart(depth)
        if luck.random() < 0.4:
            octets = base64.encodebytes(luck.randbytes(luck.randint(1, 90))).replace(b"\n", b"\r\n")
            named = luck.choice([b"application/octet-stream", b"image/png; name=x.png", b'application/pdf; name="a;b"'])
            return self._headed([b"Content-Type: " + named, b"Content-Transfer-Encoding: base64"], octets)
        fields = [luck.choice(TEXTS)] if in_digest or luck.random() < 0.8 else []
        if luck.random() < 0.5:
            fields.append(b"Content-Transfer-Encoding: " + luck.choice([b"7bit", b"8bit", b"QUOTED-PRINTABLE"]))
        return self._headed(fields, luck.choice(BODIES))

    def _multipart(self, depth: int) -> bytes:
        luck = self._luck
        self._boundaries += 1
        boundary = b"bound=_%d" % self._boundaries
        kind = luck.choice([b"mixed", b"alternative", b'related; type="text/html"', b"digest", b"x-other"])
        body = luck.choice([b"", b"preamble\r\n", b"\r\n"])
        for _ in range(luck.randint(1, 3)):
            body += b"--" + boundary + luck.choice([b"", b"", b" "]) + b"\r\n"
            body += self._part(depth - 1, kind == b"digest") + b"\r\n"
        body += b"--" + boundary + b"--\r\n" + luck.choice([b"", b"\r\n", b"epilogue\r\n"])
        return self._headed([b"Content-Type: multipart/" + kind + b'; boundary="' + boundary + b'"'], body)

    def _headed(self, fields: list[bytes], body: bytes) -> bytes:
        luck = self._luck
        more = [
            b"Content-ID: <%d@x>" % luck.randint(1, 99),
            b"Content-Description: " + luck.choice([b"some words", b"folded\r\n words", b'with "quotes"']),
            b"Content-Disposition: " + luck.choice(DISPOSITIONS),
            b"Content-Language: " + luck.choice([b"en", b"en, de", b"en,de,fr-CA"]),
            b"Content-Location: http://x.test/1",
            b"Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==",
        ]
        fields += [field for field in more if luck.random() < 0.3]
        luck.shuffle(fields)
        return b"".join([field + b"\r\n" for field in fields]) + b"\r\n" + body
