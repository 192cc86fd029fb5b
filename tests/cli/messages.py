"""Contents that archives and wires like to change."""

from __future__ import annotations

ODD = {
    "plain": b"Subject: a\r\n\r\nhello\r\n",
    "From line first": b"From here on\r\nSubject: a\r\n\r\nx\r\n",
    "From line in the body": b"Subject: a\r\n\r\nFrom me to you\r\n>From me\r\n>>From both\r\nfrom us\r\n",
    "From line after a bare LF": b"Subject: a\n\nFrom me\n>From me\n",
    "no final newline": b"Subject: a\r\n\r\nno end",
    "From line at the end": b"Subject: a\r\n\r\nFrom me",
    "From and a blank at the end": b"Subject: a\r\n\r\n>From ",
    "final CR": b"Subject: a\r\n\r\nx\r\n\r",
    "final LFs": b"Subject: a\r\n\r\nx\n\n\n",
    "empty lines at the end": b"Subject: a\r\n\r\nx\r\n\r\n\r\n",
    "NUL and 8 bit": b"Subject: \x00\xff\r\n\r\n\x00\x01\xfe\r\n",
    "bare CR and LF": b"Subject: a\r\n\r\nx\ry\nz\r\r\n\n\r\n",
    "dots": b".first\r\n\r\n.\r\n..\r\n.x\r\n\n.\n.\r\n",
    "one newline": b"\n",
    "one letter": b"x",
    "a long line": b"Subject: a\r\n\r\n" + b"From " * 50_000 + b"\r\n",
    "many quotes": b"Subject: a\r\n\r\n" + b">" * 300_000 + b"From \r\n",
    "hostile names": b"Subject: ../../etc/passwd\r\nMessage-ID: </../../x>\r\n"
    b"Content-Disposition: attachment; filename*=utf-8''..%2F..%2Fetc%2Fpasswd\r\n\r\nx\r\n",
}
