"""A handsome message to try things out with."""

from __future__ import annotations

import struct
import zlib
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

SENDER = "hello@sandbox.test"
RECIPIENT = "you@example.test"

_TEXT = """\
Hello,

this is a sample message. It took the same way as any other: received, kept
octet for octet, and shown to you. Nothing was sent to anybody.

What to look at:

 - Preview: the HTML at phone, tablet and desktop width, light and dark
 - Headers, Structure, Raw: everything that is in the message
 - Envelope: who would really have received it, beside what the header says

Your code, as sign-in mails have them: 493 817

    https://example.test/confirm?token=3f9a2c

Have a good day.
"""

_HTML = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>It works</title>
<style>
  body {{ margin: 0; padding: 32px 16px; background: #f3f1ec; color: #23211d;
         font: 16px/1.55 -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif }}
  .card {{ max-width: 520px; margin: 0 auto; background: #fff; border-radius: 14px; overflow: hidden }}
  .card img {{ display: block; width: 100%; height: auto }}
  .in {{ padding: 28px 32px 32px }}
  h1 {{ margin: 0 0 12px; font-size: 25px; line-height: 1.2; letter-spacing: -.01em }}
  .code {{ margin: 24px 0; padding: 16px; background: #f3f1ec; border-radius: 10px; text-align: center;
          font: 600 28px/1 ui-monospace, Menlo, Consolas, monospace; letter-spacing: .18em }}
  .go {{ display: inline-block; padding: 12px 22px; border-radius: 9px; background: #2b59c3; color: #fff;
        text-decoration: none; font-weight: 600 }}
  .small {{ margin: 20px auto 0; max-width: 520px; text-align: center; font-size: 13px; color: #6b675f }}
  @media (prefers-color-scheme: dark) {{
    body {{ background: #17181b; color: #e9e7e2 }} .card {{ background: #222429 }}
    .code {{ background: #17181b }} .go {{ background: #8fb0ff; color: #10131a }} .small {{ color: #a19d95 }}
  }}
</style>
</head>
<body>
  <div class="card">
    <img src="cid:{cid}" width="520" height="130" alt="">
    <div class="in">
      <h1>It works.</h1>
      <p>This message took the same way as any other: received, kept octet for octet, and shown to you.
         Nothing was sent to anybody.</p>
      <div class="code">493&nbsp;817</div>
      <p><a class="go" href="https://example.test/confirm?token=3f9a2c">Confirm your address</a></p>
    </div>
  </div>
  <p class="small">Sent to you@example.test · <a href="https://example.test/unsubscribe">Unsubscribe</a></p>
</body>
</html>
"""

_ATTACHMENT = "date,event,recipients\n2026-01-01,welcome,1\n2026-01-02,invoice,3\n"


def sample(now: int = 0) -> bytes:
    """A multipart message with text, HTML, an inline image and an attachment; `now` in µs dates it."""
    message = EmailMessage()
    message["From"] = f"The Sandbox <{SENDER}>"
    message["To"] = f"You <{RECIPIENT}>"
    message["Subject"] = "It works — your first message ✉"
    message["Date"] = format_datetime(datetime.fromtimestamp(now / 1_000_000, UTC))
    message["Message-ID"] = make_msgid(domain="sandbox.test")
    message["X-Mailer"] = "mailtrap sample"
    message.set_content(_TEXT)
    cid = make_msgid(domain="sandbox.test")
    message.add_alternative(_HTML.format(cid=cid[1:-1]), subtype="html")
    html = message.get_payload()[1]  # type: ignore[index]
    html.add_related(picture(), "image", "png", cid=cid, filename="banner.png", disposition="inline")  # type: ignore[union-attr]
    message.add_attachment(_ATTACHMENT, subtype="csv", filename="deliveries.csv")
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def picture(width: int = 520, height: int = 130) -> bytes:
    """A banner as a PNG: dusk over two hills, drawn here so that no file need be shipped."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            rows += _dusk(x / width, y / height)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _dusk(x: float, y: float) -> bytes:
    """The colour (RGB) at a point of the picture, both coordinates from 0 to 1."""
    near, far = 0.78 - 0.5 * (x - 0.25) ** 2 * 1.6, 0.62 + 0.55 * (x - 0.8) ** 2
    if y > near:
        return bytes((34, 52, 104))
    if y > far:
        return bytes((58, 92, 173))
    if (x - 0.72) ** 2 * 16 + (y - 0.42) ** 2 < 0.028:
        return bytes((255, 236, 196))
    warmth = min(1.0, y / 0.8)
    return bytes((int(118 + 132 * warmth), int(156 + 32 * warmth), int(226 - 66 * warmth)))
