"""What a link in a message is for: to verify, to reset, to unsubscribe, to track, an asset, or just a link; pure.

The words one clicks on count more than the address: providers wrap every address in one of their own.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from mailtrap.mail.later import later

#: Characters of an address and of its words that are looked at.
_SHORT = 2000

_UNSUBSCRIBE_WORDS = later(
    r"unsubscri|opt[ -]?out|stop receiving|email preferences|manage (?:your )?(?:subscription|(?:email "
    r"|notification )?pref)"
    r"|abmelde[nr]|abbestell|austragen|newsletter abm|désabonne|désinscri|se désinscrire|da(?:r[mts]e|te|rse|r) de baja"
    r"|cancelar (?:la |a )?(?:suscrip|subscri|inscri)"
    r"|desuscri|disiscri|annulla (?:l['’ ])?iscrizione|cancellati|descadastr|anular subscri|uitschrijven"
    r"|afmelden|wypisz|rezygnuj"
    r"|anuluj subskrypcj|отписа|отказаться от (?:рассылк|подписк)|відписа|aboneliğ|abonelikten|配信停止"
    r"|購読解除|購読を解除|配信を停止"
    r"|退订|退訂|取消订阅|取消訂閱|수신\s?거부|구독\s?(?:취소|해지)|إلغاء (?:ال)?اشتراك|avsluta prenumeration"
    r"|avregistrera|afmeld|avmeld|peruuta tilaus"
    r"|odhlásit|odhlášení|leiratkoz|dezabon|huỷ đăng ký|hủy đăng ký|berhenti berlangganan|διαγραφή από"
    r"|ביטול הרשמה|הסרה מרשימ",
    re.IGNORECASE,
)
_RESET_WORDS = later(
    r"(?:reset|change|recover|choose|create|set)(?:ting)?(?: up)? (?:my |your |a "
    r"|the )?(?:new )?(?:\w+ )?(?:password|passphrase|pin)\b|password reset|forgot|lost (?:your |my )?password"
    r"|passwor[dt] (?:jetzt )?(?:zurück(?:zu)?setzen|(?:zu )?ändern|neu|vergessen|festlegen|erstellen|opnieuw|wijzigen"
    r"|herstellen|resetten)|(?:neues|nieuw) (?:passwort|wachtwoord)"
    r"|kennwort (?:zurück|ändern)|wachtwoord (?:opnieuw|wijzig|herstel|reset|instel)|réinitialis|(?:changer"
    r"|modifier|nouveau|créer un).{0,20}mot de passe"
    r"|(?:restablecer|cambiar|recuperar|crear).{0,20}contraseña|(?:reimposta|ripristina|cambia|reset"
    r"|crea).{0,20}password"
    r"|(?:redefinir|repor|recuperar|alterar|criar|trocar).{0,20}(?:senha|palavra-passe)|(?:zresetuj|zmień|ustaw"
    r"|odzyskaj|resetuj).{0,15}hasło"
    r"|(?:сброс|смен|восстанов|измен|задать|создать).{0,20}парол|(?:скинути|змінити|відновити).{0,15}парол"
    r"|(?:şifre|parola).{0,12}(?:sıfırla|değiştir|yenile|belirle)"
    r"|パスワード.{0,8}(?:再設定|リセット|変更|再発行)|(?:重置|重設|修改|找回|重新设置).{0,6}(?:密码|密碼)"
    r"|비밀번호.{0,6}(?:재설정|변경|초기화)"
    r"|(?:إعادة|تغيير|استعادة).{0,12}كلمة (?:المرور|السر)|återställ.{0,12}lösenord|nulstil.{0,12}adgangskode"
    r"|tilbakestill.{0,12}passord"
    r"|(?:obnovit|změnit|resetovat).{0,10}heslo|resetează parola|đặt lại mật khẩu|(?:atur ulang"
    r"|reset) (?:kata )?sandi|επαναφορά.{0,12}κωδικού|איפוס.{0,8}סיסמ",
    re.IGNORECASE,
)
_VERIFY_WORDS = later(
    r"\bverif(?:y|ication|ied)|\bconfirm(?:ation)?\b|\bactivat(?:e|ion)\b|\bvalidate\b|(?:sign|log)[ -]?in\b"
    r"|magic link|complete (?:your )?(?:registration|sign|set)|finish (?:sign|regist)"
    r"|accept (?:the |your )?invit|join (?:the )?(?:team|workspace)|bestätig|verifizier|aktivier|anmeld(?:en"
    r"|ung) (?:bei|abschließen)|jetzt anmelden|einloggen|freischalten"
    r"|confirmer|vérifi|activer|valider|se connecter|confirmar|verificar|activar|iniciar sesión|validar"
    r"|conferma|verifica|attiva|accedi|ativar|entrar na|iniciar sessão"
    r"|bevestig|verifieer|activeer|inloggen|potwierd|zweryfikuj|aktywuj|zaloguj|подтверд|активир|войти|підтверд"
    r"|активув|увійти|doğrula|onayla|etkinleştir|aktifleştir|giriş yap|aktive et"
    r"|確認する|確認を完了|認証(?!コード|番号)|を確認|有効化|ログイン|本登録|登録を完了|验证|驗證|确认|確認(?=$|您|邮|郵"
    r"|信|電)|激活|啟用|登录|登錄|登入|인증|확인하기|활성화|로그인"
    r"|تأكيد|تحقق|تفعيل|تسجيل الدخول|verifiera|bekräfta|aktivera|logga in|bekræft|bekreft|aktiver|vahvista"
    r"|ověřit|potvrdit|aktivovat|megerősít|confirmă|activează"
    r"|xác (?:nhận|minh|thực)|kích hoạt|konfirmasi|verifikasi|aktifkan|επιβεβαί|επαλήθευσ|אימות|אישור|सत्यापित"
    r"|ยืนยัน",
    re.IGNORECASE,
)
#: What one clicks on and what says nothing of where that leads.
_NOTHING = later(
    r"\W*(?:(?:please |bitte )?(?:click|tap|press|klick(?:en)?(?: sie)?|cliquez|cliquer|haz clic|haga clic|clicca"
    r"|fare clic|clique|kliknij|нажмите|перейдите|нажать|tıkla\w*|klik)(?: on| auf| sur| en| su| em)? ?)?"
    r"(?:right )?(?:here|this (?:link|button|page|address)|the link|link|hier|diesen link|diesem link|ici|ce lien"
    r"|aquí|este (?:enlace|link)|qui|questo link|aqui|deze link|tutaj|ten link|здесь|сюда|по (?:этой )?ссылке|тут"
    r"|bur(?:ası|aya|adan|ada)|bu bağlantı\w*|här|her|täällä|tässä|zde|ide|aici|đây|di sini|εδώ|כאן|यहाँ|ที่นี่"
    r"|こちら|ここ|このリンク|此处|這裡|这里|链接|여기|هنا|continue|go on|go|weiter|continuer|continuar|continua|dalej"
    r"|verder|продолжить|devam(?: et)?|続ける|继续|계속|متابعة)?\W*",
    re.IGNORECASE,
)
_HERE = later(r"(?:\bhere|\bhier|\bici|\baquí|\bqui|\baqui|\btutaj|здесь|こちら|这里|여기|هنا)\W*$", re.IGNORECASE)
_UNSUBSCRIBE_PATH = later(r"unsub|opt-?out|list-?remove|email-?prefer|abmeld|desabon|desinscri|/u/unsub", re.IGNORECASE)
_RESET_PATH = later(
    r"(?:reset|forgot|recover|lost|change|new|set)[-_/ ]?(?:my-?)?(?:passw|pwd)|passw(?:or[dt])?s?[-_/](?:reset"
    r"|recover|forgot|edit|new|change|set|choose)"
    r"|pwd-?reset|/reset(?:[/?=-]|$)|reset_?(?:token|key|code)|passwort-(?:neu|zur)|restablecer|reinitialis"
    r"|recuperar",
    re.IGNORECASE,
)
_VERIFY_PATH = later(
    r"verif(?:y|ication|ier|izier)|(?<![a-z])confirm|activat|validat(?:e|ion)|magic-?(?:link|login)|(?:login"
    r"|signin|sign-in|auth|otp)[-_/](?:token|link|verify|email|code|callback)"
    r"|[?&](?:verification|confirmation|activation|login|magic|otp|auth)[-_]?(?:token|code|key)?="
    r"|email-?(?:confirm|verif)|double-?opt-?in|/doi[/?]|bestaetig|aktivier|confirmar|one-?time-?login",
    re.IGNORECASE,
)
_TRACKING = later(
    r"^https?://(?:[^/?#]*\.)?(?:ct\.sendgrid\.net|list-manage\.com/track|mandrillapp\.com/track|awstrack\.me"
    r"|sparkpostmail\d?\.com|hubspotlinks\.com|rs6\.net|mjt\.lu"
    r"|cmail\d+\.com|createsend\d*\.com|click\.[^/]+|clicks\.[^/]+|trk\.[^/]+|track(?:ing)?\.[^/]+"
    r"|links?\.[^/]*mail[^/]*)(?:[/?#]|$)"
    r"|^https?://[^/]+/(?:ls/click|wf/(?:open|click)|track/(?:click|open)|trk/|e/o/|e/c/|o/[\w=-]{20,}"
    r"|c/e[jJ][\w-]{30,}|cl0/|ci0/|ss/c/|open\.(?:aspx|php|gif)|q/[\w~-]{20,})"
    r"|/(?:pixel|beacon|track(?:ing)?|open)(?:\.(?:gif|png|php|aspx))(?:[?#]|$)|/(?:email-?open|track-?open"
    r"|open-?track(?:ing)?|openpixel|mail-?open)(?:[/?.]|$)|[?&](?:utm_pixel|open_id)=",
    re.IGNORECASE,
)
_ASSET_PATH = later(r"\.(?:png|jpe?g|gif|webp|svg|ico|avif|bmp|css|js|woff2?|ttf|otf|eot|mp4|webm)$", re.IGNORECASE)
_TINY = frozenset(("0", "1", "2", "0.1"))


def link_kind(href: str, text: str, around: str = "") -> str:
    """What a link that one clicks is for: `unsubscribe`, `reset`, `verify`, `tracking`, `asset` or `link`.

    `around` is the sentence in which it stands: that counts where its own words say nothing, as `here` does.
    """
    words = "" if "://" in text else text[:_SHORT]
    if not words or _NOTHING.fullmatch(words) or _HERE.search(words):
        words = f"{words} {around[:_SHORT]}"
    address = unquote(href[:_SHORT])
    for kind, said, path in (
        ("unsubscribe", _UNSUBSCRIBE_WORDS, _UNSUBSCRIBE_PATH),
        ("reset", _RESET_WORDS, _RESET_PATH),
        ("verify", _VERIFY_WORDS, _VERIFY_PATH),
    ):
        if said.search(words) or path.search(_after_host(address)):
            return kind
    if _TRACKING.search(address):
        return "tracking"
    return "asset" if _ASSET_PATH.search(address.partition("?")[0].partition("#")[0]) else "link"


def picture_kind(href: str, width: str, height: str, visible: bool) -> str:
    """What a picture is for: `tracking` where nobody could see it or its address says so, else `asset`."""
    tiny = (width in _TINY and height in _TINY) or (not visible and bool(width or height) and {width, height} <= _TINY)
    if href[:5].lower() in ("data:", "cid:") or href[:4].lower() == "cid:":
        return "asset"
    return "tracking" if tiny or _TRACKING.search(unquote(href[:_SHORT])) else "asset"


def _after_host(address: str) -> str:
    _, mark, rest = address.partition("://")
    if not mark:
        return address
    slash = min([place for place in (rest.find("/"), rest.find("?"), rest.find("#")) if place >= 0], default=len(rest))
    return rest[slash:]
