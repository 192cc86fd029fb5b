"""Mails as senders phrase them, worded by us. `{c}` is the code; a paragraph that is nothing else is set as a code is.

Those without `{c}` hold none; their other numbers are filled in: `{n4}` `{n5}` `{n6}` `{n8}` digits, `{p}` a promotion,
`{r}` a booking reference, `{y}` a year, `{t}` a phone number, `{m}` a price.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Template:
    """One way to phrase a mail: paragraphs; `styles` are the kinds of code it may have."""

    name: str
    language: str
    subject: str
    paragraphs: tuple[str, ...]
    styles: tuple[str, ...] = ("d6",)
    html: str = ""


def _t(name: str, subject: str, *paragraphs: str, styles: str = "d6", html: str = "") -> Template:
    return Template(name, name.partition("-")[0], subject, paragraphs, tuple(styles.split()), html)


TEMPLATES = (
    # fmt: off
    _t("en-signin", "Your Lumen sign-in code", "Hi Dana,", "Here is the code you asked for. Type it into the sign-in page:", "{c}", "It stops working after 10 minutes. If this was not you, change your password.", styles="d6 d33 d8 an6"),
    _t("en-inline", "Verify your email address", "Thanks for creating an account with Harbor.", "Your verification code is {c}. It is valid for 15 minutes.", "Never share it with anyone, not even with our staff.", styles="d6 d4 d5 g aa"),
    _t("en-subject", "{c} is your Pinecone verification code", "Enter {c} in the app to continue.", "Didn't ask for this? You can ignore this message.", styles="d6 d5 d33"),
    _t("en-otp-bank", "One-time password for your transaction", "Dear customer,", "{c} is the OTP for your payment of INR 5,499.00 at Orchid Stores on card ending {n4}. Valid for 5 minutes.", "Never disclose your OTP. Call 1800 267 4455 if you did not do this.", styles="d6"),
    _t("en-reset", "Reset your password", "We got a request to reset the password of your account.", "Use this code to choose a new one:", "{c}", "Expires in 1440 minutes. Ticket {n5} was opened for this request.", styles="d6 an8 aa"),
    _t("en-device", "New sign-in from Firefox on Linux", "Someone signed in to your account on 12 March {y} at 14:05 from 203.0.113.9.", "Confirm that it was you by entering this security code: {c}", "Thanks, the Kestrel team", styles="d6 d7 an6"),
    _t("en-code-colon", "Kettle: confirm it's you", "Code: {c}", "Enter it where you are signing in. Do not share it.", styles="d6 d8 d33 aa"),
    _t("en-link", "Confirm your email", "Press the button, or enter the confirmation code {c} on the page:", "https://app.example.test/verify?code={c}&user={n8}", styles="d6 an6"),
    _t("en-mfa", "Your two-factor code", "Your two-factor authentication code for Granite Cloud:", "{c}", "This code was requested from Leeds, UK (IP 198.51.100.23) at 09:41 UTC.", styles="d6 d33 d3-3"),
    _t("en-wrap", "Please verify", "You are receiving this message because somebody entered your address at our site. Your one-time\npasscode for signing in is {c} and it can be used once within the next 30\nminutes.", styles="d6 d4"),
    _t("de-anmeldung", "Ihr Anmeldecode für Nordlicht", "Guten Tag Herr Weber,", "mit diesem Code melden Sie sich an:", "{c}", "Der Code ist 10 Minuten gültig. Geben Sie ihn niemals weiter.", styles="d6 d33 d8"),
    _t("de-inline", "Bestätige deine E-Mail-Adresse", "Hallo Jana,", "dein Bestätigungscode lautet {c}.", "Du hast kein Konto angelegt? Dann kannst du diese E-Mail ignorieren.", styles="d6 d4 an6"),
    _t("de-tan", "Ihre TAN für den Auftrag", "Ihre TAN für die Überweisung über 1.250,00 EUR an IBAN DE89 3704 0044 0532 0130 00 lautet: {c}", "Geben Sie die TAN nur in Ihrem Online-Banking ein.", styles="d6"),
    _t("de-passwort", "Passwort zurücksetzen", "Sie möchten Ihr Passwort zurücksetzen. Bitte geben Sie dazu den folgenden 6-stelligen Code ein:", "{c}", "Vorgangsnummer: {n8}", styles="d6"),
    _t("fr-connexion", "Votre code de connexion", "Bonjour,", "Voici votre code à usage unique pour vous connecter à Clairière :", "{c}", "Il expire dans 15 minutes. Ne le communiquez à personne.", styles="d6 d33 an6"),
    _t("fr-inline", "Confirmez votre adresse e-mail", "Bienvenue ! Votre code de vérification est le {c}.", "Si vous n'êtes pas à l'origine de cette demande, ignorez ce message.", styles="d6 d4 aa"),
    _t("es-acceso", "{c} es tu código de acceso", "Hola Lucía:", "Tu código de acceso a Mirador es {c}. Caduca en 10 minutos.", "No lo compartas con nadie.", styles="d6 d5"),
    _t("es-restablecer", "Restablece tu contraseña", "Hemos recibido una solicitud para restablecer tu contraseña. Introduce el siguiente código:", "{c}", "¿Dudas? Llámanos al {t}.", styles="d6 an8"),
    _t("it-verifica", "Il tuo codice di verifica", "Ciao Marco,", "per completare la registrazione inserisci il codice qui sotto.", "{c}", "Il codice scade tra 20 minuti. Non condividerlo.", styles="d6 d5 an6"),
    _t("it-inline", "Accesso al tuo conto", "Il codice di sicurezza per accedere è {c} ed è valido 5 minuti.", styles="d6 d8"),
    _t("pt-codigo", "Seu código de verificação", "Olá, João!", "Use o código abaixo para confirmar o seu cadastro:", "{c}", "O código expira em 30 minutos. Não compartilhe com ninguém.", styles="d6 d4 d33"),
    _t("nl-inloggen", "Je inlogcode voor Waterkant", "Hoi Sanne,", "Je eenmalige inlogcode is {c}. Deze code verloopt over 10 minuten.", "Heb je dit niet aangevraagd? Dan hoef je niets te doen.", styles="d6 d33 aa"),
    _t("pl-kod", "Kod weryfikacyjny", "Cześć Aniu,", "Twój kod weryfikacyjny to:", "{c}", "Kod jest ważny przez 15 minut. Nie udostępniaj go nikomu.", styles="d6 d8 an6"),
    _t("ru-kod", "Код подтверждения", "Здравствуйте!", "Ваш код подтверждения: {c}. Никому не сообщайте его.", "Код действует 10 минут.", styles="d6 d4 d5"),
    _t("ru-vhod", "Вход в аккаунт", "Вы запросили вход в сервис Берег. Введите этот код на странице входа:", "{c}", "Если это были не вы, просто проигнорируйте письмо.", styles="d6 d33"),
    _t("tr-dogrulama", "Doğrulama kodunuz", "Merhaba Ayşe,", "Hesabınızı doğrulamak için kodunuz: {c}", "Bu kod 10 dakika geçerlidir. Kimseyle paylaşmayın.", styles="d6 d5"),
    _t("ja-ninsho", "【みなと】認証コードのお知らせ", "いつもご利用いただきありがとうございます。", "以下の認証コードを入力して、ログインを完了してください。", "{c}", "有効期限は10分です。お心当たりのない場合は、このメールを破棄してください。", styles="d6 fw d33"),
    _t("ja-inline", "ログイン確認", "ログイン用のワンタイムパスワードは「{c}」です。（有効期限：5分）", styles="d6 fw an6"),
    _t("zh-yanzheng", "【云港】邮箱验证码", "尊敬的用户：", "您的验证码是：{c}，10分钟内有效，请勿泄露给他人。", "如非本人操作，请忽略本邮件。", styles="d6 d4 fw"),
    _t("zh-tw", "登入驗證碼", "您好，請在登入頁面輸入以下驗證碼：", "{c}", "驗證碼將於 15 分鐘後失效。", styles="d6 d33"),
    _t("ko-injeung", "[나루] 이메일 인증번호 안내", "안녕하세요.", "요청하신 인증번호는 [{c}] 입니다.", "인증번호는 5분간 유효하며, 타인에게 알려주지 마세요.", styles="d6 d4"),
    _t("ar-tahaqquq", "رمز التحقق الخاص بك", "مرحباً سارة،", "استخدم الرمز التالي لتأكيد بريدك الإلكتروني:", "{c}", "تنتهي صلاحية الرمز خلال 10 دقائق. لا تشاركه مع أي شخص.", styles="d6 ai"),
    _t("ar-inline", "تسجيل الدخول", "رمز الدخول المؤقت هو {c} وهو صالح لمدة 5 دقائق.", styles="d6 ai d4"),
    _t("sv-kod", "Din engångskod", "Hej!", "Din engångskod för att logga in är {c}. Den gäller i 10 minuter.", styles="d6 d5"),
    # What looks like a code and is none.
    _t("en-order", "Order #{n6} confirmed", "Thanks for your order!", "Order number: {n6}", "2 × Walnut tray, item 48{n4} — {m}", "Delivery to 1420 Cedar Street, Portland, OR 97205. Questions? Call {t}.", "Sign in to your account to see the order."),
    _t("en-ship", "Your parcel is on its way", "Tracking number {n8}", "Estimated delivery 24/11/{y} between 10:00 and 14:00.", "Customer number", "{n6}"),
    _t("en-promo", "48 hours only: 20% off everything", "Use code {p} at checkout and save up to {m}.", "Coupon code", "{p}", "Offer ends 30 November {y}. Log in to see your 1500 points."),
    _t("en-flight", "Booking confirmed: Lisbon, 3 May", "Your booking reference is {r}.", "Confirmation code: {r}", "Flight TP1364 departs at 07:35 from gate 24. Check in online."),
    _t("en-calendar", "Invitation: Planning @ Tue 24 Nov {y} 14:30", "Join by phone: {t}, meeting ID: 482 913 7745, passcode not needed", "Room 4012"),
    _t("en-report", "Weekly report", "Visits: 48213 (+12.5%)", "Revenue", "58213", "Orders: 1284. Build 20261 passed, commit 4f9a21c. Version 2.14.1"),
    _t("en-invoice", "Invoice INV-{n5}", "Invoice INV-{n5} for {m} is due on {y}-12-01.", "Customer number: {n6}. VAT ID DE{n8}.", "Pay by bank transfer to IBAN GB29 NWBK 6016 1331 9268 19, reference {n8}."),
    _t("en-css", "New brand colours", "Primary #1A73E8, accent #482913.", "Spacing 1024 px, 4096 tokens. Our founding year: {y}."),
    _t("en-password-changed", "Your password was changed", "The password of your account was changed on 3 March {y} at 10:14.", "If this was not you, call us at {t} and quote case {n6}."),
    _t("de-bestellung", "Ihre Bestellung {n8}", "vielen Dank für Ihre Bestellung.", "Bestellnummer: {n8}", "Kundennummer: {n6}", "Lieferung an Hauptstraße 12, 10115 Berlin. Rechnungsbetrag 129,90 €. Rückfragen: {t}"),
    _t("de-gutschein", "10 % Rabatt für dich", "Dein Gutscheincode:", "{p}", "Im Warenkorb einlösen, gültig bis 31.12.{y}."),
    _t("fr-commande", "Votre commande n° {n6}", "Commande {n6} du 03/11/{y}", "Montant : 45,90 €. Livraison au 12 rue des Lilas, 75011 Paris.", "Code promo pour votre prochain achat : {p}"),
    _t("es-pedido", "Pedido {n6} enviado", "Número de pedido: {n6}", "Número de seguimiento", "{n8}", "Código postal 28013 Madrid. Total: 39,95 €"),
    _t("it-ordine", "Conferma ordine {n6}", "Numero ordine {n6}, totale € 59,00.", "Codice sconto: {p}", "Via Roma 24, 20121 Milano"),
    _t("pl-zamowienie", "Zamówienie {n6}", "Numer zamówienia: {n6}", "Kod rabatowy: {p}", "ul. Długa 14, 00-238 Warszawa, kwota 120,00 zł"),
    _t("ja-chumon", "ご注文の確認", "ご注文番号：{n8}", "合計 4,980円", "〒150-0001 東京都渋谷区 電話 03-1234-5678", "クーポンコード：{p}"),
    _t("zh-dingdan", "订单已发货", "订单号：{n8}", "快递单号：{n6}", "实付金额 129.00 元，客服电话 400-820-1234"),
    _t("ru-zakaz", "Заказ {n6} отправлен", "Номер заказа: {n6}", "Промокод на следующую покупку: {p}", "Сумма 2490 руб. Телефон {t}"),
    _t("tr-siparis", "Siparişiniz kargoda", "Sipariş numarası: {n8}", "Kargo takip no: {n6}", "Toplam 459,90 TL. İndirim kodu: {p}"),
    # fmt: on
)
