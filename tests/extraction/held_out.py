"""Templates that were written after the rules, to see what the rules are worth on mail they were not made for."""

from __future__ import annotations

from tests.extraction.templates import Template, _t

HELD_OUT: tuple[Template, ...] = (
    # fmt: off
    _t("en-finish", "Finish setting up your account", "You're almost there! We just need to make sure this address belongs to you.", "{c}", "Copy and paste these characters into the open browser window. They are good for one hour.", styles="d6 an6 aa"),
    _t("en-paste", "Trellis login", "Copy and paste this temporary login code:", "{c}", "If you didn't try to log in, you can safely ignore this email. Hint: set up a permanent password in Settings.", styles="d6 an8 aa"),
    _t("en-pin", "Your PIN for today's session", "Your PIN: {c}", "You'll be asked for it when you log in to the portal. Reference 2291-{n4}.", styles="d4 d6"),
    _t("en-launch", "[Acorn] Please verify your device", "Hey dana!", "A sign in attempt requires further verification because we did not recognize your device.", "Verification code: {c}", "Device: Chrome on Windows 11. If you did not attempt to sign in, your password may be compromised.", styles="d6 d8"),
    _t("en-family", "Approve the new device", "To finish adding your TV, go to example.test/tv and enter", "{c}", "This code works once and expires at 18:45.", styles="aa an8 d33"),
    _t("en-transfer", "Confirm your withdrawal", "You are withdrawing 0.4821 BTC to wallet ending 4f9a. To confirm, use {c} as your security code.", "Do not share this code. Support ID {n6}.", styles="d6"),
    _t("de-zwei", "Zwei-Faktor-Authentifizierung", "Hallo Herr Brandt,", "bitte verwenden Sie {c}, um Ihre Anmeldung abzuschließen.", "Die Ziffernfolge verliert nach 5 Minuten ihre Gültigkeit.", styles="d6 d33"),
    _t("de-willkommen", "Willkommen bei Feldstein – nur noch ein Schritt", "Schön, dass du da bist! Bitte trage diesen Freischaltcode in der App ein:", "{c}", "Fragen? Ruf uns an: {t}", styles="d5 an6"),
    _t("fr-securite", "Alerte de sécurité", "Une connexion depuis Lyon a été détectée le 14/02/{y} à 18:22.", "Saisissez {c} pour confirmer qu'il s'agit bien de vous.", "Ce code est valable 5 minutes.", styles="d6"),
    _t("fr-motdepasse", "Mot de passe oublié", "Pour choisir un nouveau mot de passe, recopiez le code ci-dessous dans l'application.", "{c}", "Dossier {n6}", styles="d6 d4"),
    _t("es-confirma", "Confirma tu correo", "¡Te damos la bienvenida! Tu código es {c}", "Escríbelo en la aplicación para activar la cuenta. Vence dentro de 1 hora.", styles="d6 d4 aa"),
    _t("it-otp", "OTP per la firma", "Gentile cliente, il codice OTP per autorizzare l'operazione da 350,00 EUR è: {c}", "Non comunicarlo a nessuno, nemmeno al personale della banca.", styles="d6 d8"),
    _t("pt-acesso", "O seu código de acesso chegou", "{c}", "Introduza este código para iniciar sessão. É válido durante 10 minutos.", styles="d6 d5"),
    _t("nl-bevestig", "Bevestig je e-mailadres", "Vul onderstaande code in om je aanmelding af te ronden:", "{c}", "De code is 24 uur geldig. Klantnummer {n6}.", styles="d6 an6"),
    _t("pl-logowanie", "Logowanie do panelu", "Aby się zalogować, wpisz {c} w oknie przeglądarki.", "Jeśli to nie Ty, zmień hasło. Kod wygasa po 10 minutach.", styles="d6"),
    _t("ru-parol", "Сброс пароля", "Для смены пароля введите {c} в приложении.", "Код одноразовый, действует 15 минут.", styles="d6 d5"),
    _t("tr-giris", "Giriş onayı", "{c} giriş kodunuzdur.", "Kod 3 dakika boyunca geçerlidir.", styles="d6"),
    _t("ja-touroku", "会員登録を完了してください", "下記の6桁の数字を画面に入力してください。", "■ {c}", "※このコードは30分間のみ有効です。", styles="d6 fw"),
    _t("zh-mima", "重置密码", "您正在重置密码，校验码 {c}，请于30分钟内填写。", "客服热线 400-820-5512", styles="d6 d4"),
    _t("ko-login", "새로운 기기 로그인 확인", "아래 6자리 코드를 입력하여 로그인을 완료해 주세요.", "{c}", "본인이 아닌 경우 비밀번호를 변경하세요.", styles="d6 d33"),
    _t("ar-kalima", "إعادة تعيين كلمة المرور", "أدخل الكود {c} لإعادة تعيين كلمة المرور.", "إذا لم تطلب ذلك فتجاهل هذه الرسالة.", styles="d6 ai"),
    _t("cs-kod", "Ověření e-mailu", "Dobrý den,", "Váš ověřovací kód je {c}. Platí 10 minut.", styles="d6"),
    _t("uk-kod", "Підтвердження входу", "Ваш код для входу:", "{c}", "Нікому його не повідомляйте.", styles="d6"),
    _t("id-otp", "Kode OTP Anda", "Masukkan kode berikut untuk masuk:", "{c}", "Berlaku selama 5 menit. Jangan bagikan kepada siapa pun.", styles="d6 d4"),
    _t("en-receipt", "Your receipt from Brook Café", "Receipt no.", "{n6}", "Visa •••• {n4}", "Auth code {n6}  Terminal 4821  Total {m}", "PIN verified"),
    _t("en-newsletter", "This week in code: 2026 trends", "Our top story: how 48213 developers write code in {y}.", "Log in to read all 120 comments. Read time 12 minutes. Issue 1042.", "Verify your profile to get the 5000 points bonus."),
    _t("en-locker", "Ready for pick-up at locker 2214", "Open the locker with your pick-up code {n6} before 18:00.", "Order {n8}"),
    _t("en-support", "[Case {n8}] We received your request", "Your case number is {n8}. Error code 40013 appears when you sign in.", "Please call {t}, extension 4821."),
    _t("en-hotel", "Your stay in Porto is confirmed", "Confirmation number: {n8}", "PIN code for changes is shown in the app. Check-in 15:00, room 4021.", "Address: 4150 Rua Nova, 4050-253 Porto"),
    _t("en-event", "Ticket for PyCon {y}", "Ticket {r}-{n4}", "Hall 5, row 1204. Doors open 18:30. Show the QR code at the entrance."),
    _t("de-rechnung", "Rechnung Nr. {n8}", "Rechnungsnummer {n8} vom 03.11.{y}", "Vertragskonto", "{n8}", "Abschlag 89,00 EUR, Zählerstand 48213 kWh. Melden Sie sich im Kundenportal an."),
    _t("fr-rdv", "Rappel de rendez-vous", "Rendez-vous le 12 mars {y} à 14h30, bâtiment 4, salle 2104, digicode sur demande.", "Téléphone {t}"),
    _t("es-factura", "Factura disponible", "Factura {n8} por 58,20 €", "Referencia de pago: {n8}. Accede a tu cuenta para verla."),
    _t("nl-korting", "Jouw kortingscode", "{p}", "Geldig t/m 31-12-{y}. Log in en gebruik de code bij je bestelling."),
    _t("ja-newsletter", "【週刊】開発ニュース 第1042号", "{y}年の振り返り：48213人が参加しました。", "ログインして続きを読む。配信停止はこちら。"),
    _t("ko-jumun", "주문이 완료되었습니다", "주문번호: {n8}", "결제금액 45,900원, 고객센터 1588-1234"),
    # fmt: on
)
