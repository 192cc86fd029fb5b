"""Sign-up in FastAPI, with aiosmtplib."""

import os
import secrets
from email.message import EmailMessage
from typing import Annotated
from urllib.parse import unquote, urlsplit

import aiosmtplib
from fastapi import Body, FastAPI, HTTPException, Request

app = FastAPI()
waiting: dict[str, tuple[str, str]] = {}


async def send(to: str, subject: str, text: str) -> None:
    """One mail."""
    server = urlsplit(os.environ["SMTP_URL"])
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Shop <shop@shop.example>", to, subject
    message.set_content(text)
    await aiosmtplib.send(
        message,
        hostname=server.hostname,
        port=server.port,
        username=unquote(server.username or "") or None,
        password=unquote(server.password or "") or None,
    )


@app.post("/signup")
async def signup(request: Request, address: Annotated[str, Body(embed=True)]) -> dict[str, str]:
    """Send a link and a code."""
    token, code = secrets.token_urlsafe(16), f"{secrets.randbelow(10**6):06}"
    link = request.url_for("verify", token=token)
    try:
        await send(address, "Confirm your address", f"Follow {link} and enter this code: {code}")
    except (aiosmtplib.SMTPException, OSError):
        raise HTTPException(503, "We could not send you a mail just now. Please try again in a minute.") from None
    waiting[token] = address, code
    return {"say": "Look into your mailbox."}


@app.post("/verify/{token}")
async def verify(token: str, code: Annotated[str, Body(embed=True)]) -> dict[str, str]:
    """Somebody has followed the link and entered a code."""
    address, expected = waiting.get(token, ("", ""))
    if not address or code != expected:
        raise HTTPException(400, "That code is not right.")
    return {"confirmed": address}
