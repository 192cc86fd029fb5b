"""Sign-up in Flask, with Flask-Mail."""

import secrets

from flask import Flask, request, session, url_for
from flask_mail import Mail, Message

mail = Mail()


def create_app(config=None):
    """The application; MAIL_SERVER and so on come with the configuration, or from the environment."""
    app = Flask(__name__)
    app.config.from_mapping(SECRET_KEY=secrets.token_hex(), MAIL_DEFAULT_SENDER="shop@shop.example")
    app.config.from_prefixed_env("SHOP")
    app.config.update(config or {})
    mail.init_app(app)
    waiting = {}

    @app.post("/signup")
    def signup():
        address = request.form["address"]
        token, code = secrets.token_urlsafe(16), f"{secrets.randbelow(10**6):06}"
        link = url_for("verify", token=token, _external=True)
        message = Message("Confirm your address", [address])
        message.body = f"Follow {link} and enter this code: {code}"
        message.html = f'<p>Your code is <b>{code}</b>.</p><p><a href="{link}">Confirm your address</a></p>'
        try:
            mail.send(message)
        except OSError:  # smtplib's exceptions are OSErrors too
            return "We could not send you a mail just now. Please try again in a minute.", 503
        waiting[token] = address, code
        return "Look into your mailbox."

    @app.route("/verify/<token>", methods=["GET", "POST"])
    def verify(token):
        if token not in waiting:
            return "That link is not right.", 404
        address, code = waiting[token]
        if request.method == "GET":
            return '<form method="post">Your code: <input name="code"> <button>Confirm</button></form>'
        if request.form["code"] != code:
            return "That code is not right.", 400
        session["address"] = address
        return f"{address} is confirmed."

    return app
