"""Sign-up in Django, in one file: settings, views, addresses."""

import os
import secrets
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.http import HttpResponse
from django.urls import path

server = urlsplit(os.environ.get("EMAIL_URL", "smtp://localhost:1025"))
if not settings.configured:
    settings.configure(
        SECRET_KEY=secrets.token_hex(),
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        DEFAULT_FROM_EMAIL="Shop <shop@shop.example>",
        EMAIL_HOST=server.hostname,
        EMAIL_PORT=server.port,
        EMAIL_HOST_USER=unquote(server.username or ""),
        EMAIL_HOST_PASSWORD=unquote(server.password or ""),
    )

waiting = {}


def signup(request):
    """Send a link and a code."""
    address = request.POST["address"]
    token, code = secrets.token_urlsafe(16), f"{secrets.randbelow(10**6):06}"
    link = request.build_absolute_uri(f"/verify/{token}")
    mail = EmailMultiAlternatives("Confirm your address", f"Follow {link} and enter this code: {code}", to=[address])
    mail.attach_alternative(f'<p>Code: <b>{code}</b></p><a href="{link}">Confirm your address</a>', "text/html")
    try:
        mail.send()
    except OSError:  # smtplib's exceptions are OSErrors too
        return HttpResponse("We could not send you a mail just now. Please try again in a minute.", status=503)
    waiting[token] = address, code
    return HttpResponse("Look into your mailbox.")


def verify(request, token):
    """Somebody has followed the link, or entered a code."""
    address, code = waiting.get(token, ("", ""))
    if not address:
        return HttpResponse("That link is not right.", status=404)
    if request.method == "GET":
        return HttpResponse('<form method="post">Your code: <input name="code"> <button>Confirm</button></form>')
    if request.POST["code"] != code:
        return HttpResponse("That code is not right.", status=400)
    return HttpResponse(f"{address} is confirmed.")


urlpatterns = [path("signup", signup), path("verify/<str:token>", verify)]
