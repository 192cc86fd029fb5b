"""Codes in mails of every kind, what is none, and how well that goes on the labelled corpus."""

from __future__ import annotations

import re
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtrap.mail.content import Content
from mailtrap.mail.extraction import codes, shapes
from tests.extraction import unseen
from tests.extraction.__main__ import measure, rates, read
from tests.extraction.corpus import in_no_language
from tests.extraction.held_out import HELD_OUT
from tests.extraction.layouts import LAYOUTS
from tests.extraction.senders import ROUNDS
from tests.extraction.templates import TEMPLATES


def mail(subject: str, body: str, subtype: str = "plain") -> Content:
    """A message with one text part."""
    return Content(f"Subject: {subject}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n\r\n{body}".encode())


def test_the_labelled_corpus_is_big_enough_and_read_well_enough() -> None:
    counts, mistakes = measure(TEMPLATES + HELD_OUT)
    recall, precision = rates(counts)
    assert sum(count["mails"] for count in counts.values()) >= 200
    assert len(counts) >= 8
    assert recall >= 0.98, mistakes
    assert precision >= 0.97, mistakes


def test_form_alone_tells_half_of_the_codes() -> None:
    recall, precision = rates(measure(in_no_language(TEMPLATES + HELD_OUT))[0])
    assert recall >= 0.5
    assert precision >= 0.9


def test_layouts_of_every_kind_are_read_well_enough() -> None:
    counts, mistakes = read(LAYOUTS)
    recall, precision = rates(counts)
    total = sum(counts.values(), Counter[str]())
    assert recall >= 0.98, mistakes
    assert precision == 1.0, mistakes
    assert total["kinds"] >= total["links"] - 1, mistakes


def test_mails_of_many_senders_are_read_well_enough() -> None:
    counts, mistakes = read(tuple([letter for _, letters, *_ in ROUNDS for letter in letters]))
    recall, precision = rates(counts)
    assert recall >= 0.98, mistakes
    assert precision >= 0.97, mistakes


def test_hard_mails_by_others_are_read_as_well_as_they_were() -> None:
    total: Counter[str] = Counter()
    mistakes: list[str] = []
    for batch in unseen.FIRST:
        count, wrong = unseen.read(batch)
        total += count
        mistakes += wrong
    assert total["right"] / (total["right"] + total["missed"]) >= 0.8, mistakes
    assert total["right_once"] / (total["right_once"] + total["missed_once"]) >= 0.88, mistakes
    assert total["right"] / (total["right"] + total["wrong"]) >= 0.96, mistakes
    assert total["links_missed"] == 0


@pytest.mark.parametrize(
    ("subject", "body", "told"),
    [
        ("Hello", "Your code is 482913", ["482913"]),
        ("482913 is your verification code", "Welcome", ["482913"]),
        ("Log in", "Your verification code is 123 456.", ["123456"]),
        ("Log in", "Your verification code is 123-456.", ["123456"]),
        ("Log in", "G-482913 is your verification code.", ["G-482913"]),
        ("Log in", "Your sign-in code: AB12-CD34", ["AB12-CD34"]),
        ("認証", "認証コード：４８２９１３", ["482913"]),
        ("رمز", "رمز التحقق هو ٤٨٢٩١٣", ["482913"]),
        ("Log in", "Your verification code is 2024", ["2024"]),
        ("Order 482913", "Order number: 482913. Your verification code is 551204.", ["551204"]),
        ("登录", "【好邻居】5062，您的登录验证码，5分钟内有效。", ["5062"]),
        ("Verification code for your login", "ACMECO\n\nAcmeco Payroll: your one-time passcode 64930281", ["64930281"]),
        ("Reset your password", "The link is good for 60 minutes.\n\n48 Alder St, Portland, OR 97205", []),
        ("Re: Login code loses zeros", "The field is parsed in auth/views.py:1182. Fix in the works.", []),
    ],
)
def test_codes_as_one_types_them(subject: str, body: str, told: list[str]) -> None:
    assert [code.code for code in codes(mail(subject, body))] == told


@pytest.mark.parametrize(
    "body",
    [
        "Your code will come by 2026.",
        "Code of 2026-11-24, valid until 24.11.2026 at 14:30",
        "Your code costs $482913 or 4,829 EUR",
        "Call +1 503 555 0142 about your code",
        "Order code\n\n48291384",
        "Tracking code: 4829138",
        "Your verification code was used 4829 times",
        "The colour code is #482913",
        "Version code v4.8.2913",
        "Sign in. Zip code 94107, postal code 10115",
        "Verification code: 100%",
        "Your verification code expires in 1440 minutes",
        "Use code SAVE20 at checkout",
        "We sent a verification code to the phone ending in 4821.",
    ],
)
def test_what_is_no_code(body: str) -> None:
    assert codes(mail("News", body)) == []


BRIEF = [
    ("Hi", "Here's your code: 482913"),
    ("Login", "Login code: 482913"),
    ("Hi", "PIN: 4829"),
    ("Sign in to Acme", "482913"),
    ("Acme: 482913", "Use this code to sign in to Acme."),
    ("Verify", "Please enter 482913 on the verification page."),
    ("Verify", "Verification code = 482913"),
    ("Your OTP", "OTP is: 4829"),
    ("Your OTP", "Your OTP is\n\n4829\n\nRegards"),
    ("Hallo", "Ihr Code: 482913"),
    ("Hallo", "Verwenden Sie den Code 482913 für die Anmeldung."),
    ("Bonjour", "Votre code est : 482 913"),
    ("Bonjour", "Pour vous connecter, entrez le code suivant : 482913"),
    ("Hola", "Tu clave de acceso es 482913"),
    ("Ciao", "Il codice è 482913"),
    ("Ciao", "Il tuo codice OTP: 482913"),
    ("Olá", "O teu código é 482913"),
    ("Hoi", "Jouw code: 482913"),
    ("Cześć", "Oto Twój kod: 482913"),
    ("Привет", "Код: 482913"),
    ("Привет", "482913 - код для входа"),
    ("Merhaba", "Kodunuz: 482913"),
    ("Merhaba", "Onay kodu: 482913"),
    ("こんにちは", "コード：482913"),
    ("こんにちは", "認証番号は482913です"),
    ("你好", "验证码 482913"),
    ("你好", "验证码为482913，请尽快完成验证"),
    ("안녕", "인증번호 482913 를 입력하세요"),
    ("안녕", "인증번호는 482913입니다."),
    ("مرحبا", "رمزك هو 482913"),
    ("مرحبا", "كود التفعيل: 482913"),
    ("Your Acme code", "Hi,\n\nYour code:\n\n  482-913\n\nThanks"),
    ("Verify", "Your token: a8f3k2"),
    ("Verify", "Enter this token to verify: 8JK4-2LMN"),
    ("Confirm", "Confirmation code: XKWPQT"),
    ("Sign in", "Your security code is: 0042"),
    ("2FA", "Authentication code: 482 913 (expires 14:05)"),
    ("Code", "Your Acme Verification Code\n==========\n482913\n=========="),
    ("Code", "Your one-time code is **482913**"),
    ("code", "[482913] is your login code"),
    ("Verify", "Your email verification code is:\r\n\r\n\t482913\r\n"),
    ("Temporary password", "Your temporary password: Xk8pQ2mz"),
    ("Reset", "Your password reset code is 482913. If you did not request..."),
    ("Join", "Your access code is 482913 for the webinar login"),
    ("Device activation", "Go to example.test/device and enter the code WDJB-MJHT to sign in."),
]


@pytest.mark.parametrize(("subject", "body"), BRIEF)
def test_one_code_in_a_few_words(subject: str, body: str) -> None:
    assert len(codes(mail(subject, body))) == 1


OTHERS = [
    ("Order", "Order ID 482913 – thanks"),
    ("News", "In 2026 we shipped 4829 features"),
    ("Alert", "Error 50013 occurred 4829 times"),
    ("Bill", "Bill no 482913"),
    ("Hi", "See you at 1830, room 4829"),
    ("Hi", "My zip is 94107, phone 5035550142"),
    ("Report", "Code coverage: 8213 lines of code"),
    ("CI", "Exit code: 137137"),
    ("Hi", "Country code: 0049"),
    ("Shop", "Promo code: 482913"),
    ("Ship", "UPS tracking: 482913"),
    ("Acct", "Account number: 48291302"),
    ("Hi", "My address is 4829 Oak St"),
    ("Login", "You signed in at 14:05 from IP 10.20.30.40, session 482913"),
    ("x", "Employee ID: 482913. Please verify your time sheet."),
    ("Verify", "Please verify invoice 482913"),
    ("Statement", "Your card 4829 was charged 12345 JPY"),
    ("Help", "Ticket ID: 482913. Reset your password in the portal."),
    ("Welcome", "Your username is dana4829 and your customer ID is 482913"),
    ("Survey", "Survey code 48213: take part now"),
    ("Lotto", "Winning numbers: 4 8 15 16 23 42"),
    ("Course", "Course code: CS4021"),
    ("Dial", "Conference PIN: 4829# dial-in 482913"),
    ("Product", "Product key: AB12-CD34-EF56-GH78"),
    ("Article", "Article 482913 in our knowledge base: how to verify"),
    ("Size", "File size 482913 bytes, sign in to download"),
    ("Case", "Your verification request 482913 was received"),
    ("Parcel", "Delivery PIN 4829 for the courier"),
    ("Sales", "Coupon: SAVE2026"),
    ("Code of conduct", "Section 4021 of the code of conduct"),
    ("Tax", "Tax code 1257L"),
    ("IBAN", "BIC COBADEFF482"),
    ("Hash", "sha 4f9a21c08b"),
]


@pytest.mark.parametrize(("subject", "body"), OTHERS)
def test_no_code_in_a_few_words(subject: str, body: str) -> None:
    assert codes(mail(subject, body)) == []


def test_a_code_says_why_it_is_one_and_how_it_stands_there() -> None:
    (code,) = codes(mail("Log in", "<p>Your verification code</p><h1>482&nbsp;913</h1>", "html"))
    assert (code.code, code.written, code.where) == ("482913", "482 913", "html")
    assert "Your verification code" in code.reason
    assert code.confidence > 0.9


def test_digits_in_spans_cells_and_boxes_are_one_code() -> None:
    for page in (
        "".join(f"<span>{digit}</span>" for digit in "482913"),
        "<table><tr>" + "".join(f"<td> {digit} </td>" for digit in "482913") + "</table>",
        "".join(f"<div>{digit}</div>" for digit in "482913"),
    ):
        assert [code.code for code in codes(mail("Log in", f"<p>Your code:</p>{page}", "html"))] == ["482913"]


def test_what_is_hidden_is_not_told() -> None:
    page = "<style>.x{display:none}</style><p class=x>Your verification code is 111222</p><p>Your code is 482913</p>"
    assert [code.code for code in codes(mail("Log in", page, "html"))] == ["482913"]


def test_what_resets_a_password_by_link_is_nothing_to_type() -> None:
    page = '<a href="https://x.test/reset?u=1&amp;code=482913">Reset your password</a>'
    assert codes(mail("Reset your password", page, "html")) == []


def test_codes_beside_the_names_they_are_for() -> None:
    page = "<p>Here are both codes:</p><table><tr><td>Robin<td>418822<tr><td>Alex (TV)<td>905134</table>"
    assert {code.code for code in codes(mail("Sign-in codes", page, "html"))} == {"418822", "905134"}


def test_a_code_in_a_link_alone() -> None:
    page = '<a href="https://x.test/verify?u=1&amp;code=482913">Verify your email</a>'
    (code,) = codes(mail("Please verify", page, "html"))
    assert (code.code, code.where) == ("482913", "link")


@pytest.mark.parametrize(
    ("subject", "body", "told"),
    [
        ("Sign in", "482913 is your code.\n\n@acme.test #482913", ["482913"]),
        ("Sign in", "@acme.test #482913", ["482913"]),
        ("Sign in to Acme", "Your temporary sign-in code:\n\nsunny-otter-lamp", ["sunny-otter-lamp"]),
        ("Backup codes", "Each works once.\n\n1. 4829 1301   2. 5512 0477\n3. 9031 7724", 3),
        ("Your login", "Temporary password: h7$Kq2!vR9xW", ["h7$Kq2!vR9xW"]),
        ("Ready", "Type 4821 on the screen of your TV.", ["4821"]),
        ("Sign in", "To go on, copy this into the window:\n\n30-5B-66\n", ["30-5B-66"]),
        ("Вхід", "Наберіть на екрані телефона:\n\n3358", ["3358"]),
        ("კოდი", "რეგისტრაციის დასასრულებლად შეიყვანეთ 55901. კოდი მოქმედებს 15 წუთის განმავლობაში.", ["55901"]),
        ("Code", "Votre numéro de vérification : 482913", ["482913"]),
        ("Zugang", "Der Code zur Anmeldung lautet 482913", ["482913"]),
    ],
)
def test_codes_in_words_and_forms_of_many_kinds(subject: str, body: str, told: list[str] | int) -> None:
    found = [code.code for code in codes(mail(subject, body))]
    assert found == told if isinstance(told, list) else len(found) == told


@pytest.mark.parametrize(
    "body",
    [
        "The one-time code 730914 that we sent at 09:12 was used at 09:13.",
        "Thieves send messages like this:\n\nYour verification code is 482913. Tell it to our agent.",
        'assert verify_code(user, "482913") == True',
        "Ihre Bankleitzahl und Ihr Passwort. Code banque 30077",
        "Mr Tan 738204 signs in the hall.",
        "Codes? Call 12 424 45 00 or 2610 55 90 33.",
    ],
)
def test_what_only_looks_like_a_code(body: str) -> None:
    assert codes(mail("News", body)) == []


def test_codes_of_a_quoted_message_are_told_only_where_it_is_passed_on() -> None:
    quoted = "> Your verification code is 903771"
    assert [code.code for code in codes(mail("Fwd: Code", f"For you.\n\n{quoted}"))] == ["903771"]
    assert codes(mail("Re: Code", f"Thanks, I am in.\n\n{quoted}")) == []
    new = "Your new verification code is 116204."
    assert [code.code for code in codes(mail("Re: Code", f"{new}\n\n{quoted}"))] == ["116204"]
    below = "-----Original message-----\nYour verification code is 903771"
    assert [code.code for code in codes(mail("Fwd: Code", f"{new}\n\n{below}"))] == ["116204"]


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Kód", "Írja be az 593820-at a mezőbe."),
        ("Kód", "Az 593820-as kóddal tud belépni."),
        ("Ikhodi yakho", "Ikhodi yakho ngu-593820. Izophelelwa ngemizuzu engu-10."),
    ],
)
def test_endings_and_articles_that_are_tied_to_a_code_are_none_of_it(subject: str, body: str) -> None:
    assert [code.code for code in codes(mail(subject, body))] == ["593820"]


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("New device signed in", "A new device (build 21A5303) signed in to your account. Report 882014. Not you?"),
        ("Two-factor is on", "Two-factor authentication is on. Keep your backup codes safe. Event 882014."),
        ("Agizo lako", "Agizo lako 882014 limetumwa. Litafika ndani ya siku 5."),
        ("Terminbestätigung", "Ihr Termin ist um 14:30 Uhr. Terminnummer 553201. Bitte bestätigen Sie ihn."),
        ("Uw account", "Was u dit niet? Wijzig direct uw wachtwoord of bel 0800 - 5503."),
    ],
)
def test_numbers_in_mail_about_getting_in_that_are_no_codes(subject: str, body: str) -> None:
    assert codes(mail(subject, body)) == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("Passcode 118203, which we sent at 14:02, has been cancelled. Please use 559210 instead.", ["559210"]),
        ("Der alte Code (PX2-91L) ist abgelaufen. Ihr neuer Code: GH7-44K", ["GH7-44K"]),
        ("Poprzedni kod (714402) stracił ważność. Nowy kod to 525308.", ["525308"]),
        ("El código 914520 funcionó a la segunda, gracias.", []),
        ("If 559210 no longer works, ask for another. Your code is 559210.", ["559210"]),
    ],
)
def test_codes_that_are_said_to_be_spent(body: str, told: list[str]) -> None:
    assert [code.code for code in codes(mail("Code", body))] == told


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Un attimo", "Scrivi 4471 nella casella appena aperta. Vale dieci minuti."),
        ("Minutėlę", "Įrašykite 4471 į ką tik atsivėrusį laukelį. Turite dešimt minučių."),
        ("Chờ chút", "Gõ 4471 vào ô vừa mở. Bạn có mười phút."),
        ("Siz misiniz?", "Birisi hesabınıza girmeye çalışıyor. Sizseniz 55-01-93 girin."),
        ("少々お待ちください", "開いた枠に 4471 と打ち込んでください。制限時間は10分です。"),
        ("Забыли пароль?", "С помощью 618224 вы зададите новый."),
        ("Vela dorke tamisi", "Pa vela dorke tamisi ze 593820. Gorut mi 10 rastalu."),  # no language at all
    ],
)
def test_codes_that_nothing_calls_a_code(subject: str, body: str) -> None:
    assert len(codes(mail(subject, body))) == 1


HOSTILE = {
    "digits": "1" * 400_000,
    "numbers": "482913 " * 60_000,
    "numbers alone": "482913\n" * 60_000,
    "codes": "code " * 80_000,
    "codes and numbers": "code 482913 " * 20_000,
    "labels alone": "your verification code\n\n482913\n" * 10_000,
    "singles": "1 " * 100_000,
    "single lines": "1\n" * 100_000,
    "dots": "1." * 100_000,
    "dashes": "AB12-" * 80_000,
    "stars": "*" * 200_000,
    "at signs": "a@" * 100_000,
    "money": "$1 " * 100_000,
    "cjk": "验证码" * 80_000,
    "letters": "a" * 400_000,
    "dates": "2026-11-24T" * 20_000,
    "spaces": "code" + " " * 400_000 + "482913",
    "sentences": "your code is " * 20_000,
    "dashed": "A1-B2-C3-D4-" * 40_000,
    "words with dashes": "otter-lamp-" * 40_000,
    "passwords after colons": ("password: " + "a1!" * 13 + "\n") * 10_000,
    "enter": "enter a b c " * 40_000,
    "enter, broken": "please enter on the screen\n4821\n" * 10_000,
    "groups": "1 22 333 " * 50_000,
    "originals": ("-" * 60 + " x " + "-" * 60 + "\n") * 3000,
    "used": "482913 that " * 30_000,
    "passwords": "reset the password " * 20_000,
}


@pytest.mark.parametrize("subtype", ["plain", "html"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_little_time(name: str, subtype: str) -> None:
    content = mail("482913 " * 1000, HOSTILE[name], subtype)
    start = time.process_time()
    assert len(codes(content)) <= 20
    assert time.process_time() - start < 20  # under 1 s on an idle machine


@given(st.lists(st.sampled_from([*'abXYZ .:/@#-_%7é№·•日\t"', "BCDF", "GHJK"]), max_size=30).map("".join))
def test_lines_without_numbers_dashes_and_capitals_have_no_shape(line: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shapes, "_HINT", re.compile(""))
        found = [*shapes.shapes(line), *shapes.shapes(shapes.masked(line))]
    if found:
        assert list(shapes.shapes(line)) or list(shapes.shapes(shapes.masked(line)))
