"""A varied corpus, the same at every run: about 9 KB on average, Unicode, multipart, some attachments."""

from __future__ import annotations

import hashlib
import pickle
import random
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

SENTENCES = {
    "en": "your order has been shipped and will arrive on monday please review the details below thank you team "
    "account password reset link expires invoice payment received update settings welcome weekly report",
    "ru": "ваш заказ отправлен и прибудет в понедельник пожалуйста проверьте детали ниже спасибо команда счёт",
    "ja": "ご注文の商品を発送しました 月曜日に届きます 詳細をご確認ください ありがとうございます",
    "zh": "您的订单已发货 预计星期一送达 请查看以下详情 谢谢 团队 账户 密码 重置",
    "de": "Ihre Bestellung wurde versandt und trifft am Montag ein bitte prüfen Sie die Übersicht Grüße",
}
STYLE = "padding:8px 12px;font:14px/1.5 Arial,Helvetica,sans-serif;color:#333333;border-bottom:1px solid #eeeeee"
HEAD = (
    '<!doctype html><html><head><meta charset="utf-8"><title>Message</title><style>'
    + "".join(
        f".c{n} td{{padding:{n}px;color:#{n:06x}}}@media (max-width:{n}00px){{.c{n}{{width:100%}}}}"
        for n in range(3, 9)
    )
    + "</style></head>"
)
WORDS = {language: text.split() for language, text in SENTENCES.items()}


def corpus(count: int = 500, seed: int = 7) -> list[bytes]:
    """`count` CRLF-ended messages; the same seed gives the same octets."""
    luck = random.Random(seed)
    return [_message(luck, number) for number in range(count)]


def prepared() -> list[bytes]:
    """The corpus as it was made before, for every turn is sent by a process of its own and making it takes seconds."""
    here = Path(__file__)
    version = hashlib.sha256(here.read_bytes()).hexdigest()[:16]
    file = here.parent.parent / ".cache" / f"bench-corpus-{version}"
    if not file.is_file():
        file.parent.mkdir(exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.write_bytes(pickle.dumps(corpus()))
        fresh.replace(file)
    messages: list[bytes] = pickle.loads(file.read_bytes())
    return messages


def big(size: int = 280 * 1024, seed: int = 7) -> bytes:
    """One message with an attachment, about `size` octets in all."""
    luck = random.Random(seed)
    message = _start(luck, 0, "en")
    message.set_content(_prose(luck, "en", 60))
    message.add_attachment(luck.randbytes(size * 3 // 4), maintype="application", subtype="pdf", filename="report.pdf")
    return message.as_bytes(policy=SMTP)


def _message(luck: random.Random, number: int) -> bytes:
    language = luck.choice(["en", "en", "en", "de", "ru", "ja", "zh"])
    message = _start(luck, number, language)
    paragraphs = [_prose(luck, language, luck.randint(5, 40)) for _ in range(luck.randint(3, 13))]
    message.set_content("\n\n".join(paragraphs), cte="8bit" if luck.random() < 0.3 else None)
    if luck.random() < 0.75:
        if luck.random() < 0.2:  # some say something else in HTML than in the plain text
            paragraphs = [_prose(luck, language, luck.randint(5, 40)) for _ in range(luck.randint(3, 13))]
        rows = "".join(f'<tr><td class="row" style="{STYLE}">{paragraph}</td></tr>\n' for paragraph in paragraphs)
        page = f'{HEAD}<body><table width="600" cellpadding="0" cellspacing="0">{rows}</table></body></html>'
        message.add_alternative(page, subtype="html", cte=luck.choice(["quoted-printable", "8bit", None]))
    if luck.random() < 0.1:
        message.add_attachment(
            luck.randbytes(luck.randint(500, 24_000)), maintype="image", subtype="png", filename=f"größe-{number}.png"
        )
    return message.as_bytes(policy=SMTP.clone(max_line_length=200))


def _start(luck: random.Random, number: int, language: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["Received"] = f"from app-{number % 7}.example.test by relay.example.test; Tue, 24 Nov 2026 06:30:00 +0000"
    message["From"] = f"{luck.choice(['Shop', 'Ana Müller', 'Иван'])} <sender{number % 50}@example.test>"
    message["To"] = ", ".join(f"person{luck.randint(0, 400)}@example.test" for _ in range(luck.choice([1, 1, 1, 2, 3])))
    message["Subject"] = _prose(luck, language, luck.randint(3, 9)).replace("\n", " ")
    message["Date"] = "Tue, 24 Nov 2026 06:30:00 +0000"
    message["Message-ID"] = f"<bench-{number}-{luck.getrandbits(48):x}@example.test>"
    message["X-Mailer"] = "bench 1.0"
    message["List-Unsubscribe"] = f"<https://example.test/unsubscribe/{number}>"
    return message


def _prose(luck: random.Random, language: str, words: int) -> str:
    text = " ".join(luck.choices(WORDS[language], k=words))
    return "\n".join(text[start : start + 78] for start in range(0, len(text), 78))
