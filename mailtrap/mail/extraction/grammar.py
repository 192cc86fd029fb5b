"""How a sentence ties a number to the word for it: `is`, `lautet`, a colon, `is your`, `enter … to`; by language."""

from __future__ import annotations

import re

from mailtrap.mail.later import later

_OPEN = r"[\s:：=\-–—><»«\"'“”„‘’(\[*_`|【「『■●・]*"
_IS = (
    r"is|are|as|ist|sind|lautet|est|sont|es|son|é|è|são|to|jest|brzmi|будет|это|هو|هي|は|が|为|為|是|은|는|이|가"
    r"|är|er|on|je|este|là|adalah|είναι|הוא|है|คือ"
)
#: What may stand between a word for a code and the code, and nothing else.
JOINT = later(rf"{_OPEN}(?:(?:{_IS}|le|il|o|below|follows|now|number|no\.?|#){_OPEN}){{0,2}}", re.IGNORECASE)
#: What leads to the code at the end of more words.
LEADS = later(rf"(?:\b(?:{_IS})|[:：は是为為が])\s*[\"'“„«<*_`\[(【「]*$", re.IGNORECASE)
COLON = later(r"[:：]\s*[\"'“„«<*_`\[(【「]*$")
#: A dot after one of these ends no sentence.
_SHORT = "".join([rf"(?<!\b{word})" for word in ("acct", "no", "nr", "tel", "ref", "dr", "ms", "mr")])
SENTENCE = later(rf"[!?;](?=\s)|{_SHORT}\.(?=\s)|[。！？；]|\x00(?=\s)", re.IGNORECASE)
#: From a code to the word for it: `is your Acme`, `is the`, `として`.
AFTER = later(
    r"[\s\"'“”*_`()（）\]】」』»>,:\-–—]*(?:(?:" + _IS + r"|als|como|comme|come|как|jako|olarak|という|を)(?!\w))?\s*"
    r"(?:(?:your|the|my|ihr|dein|der|votre|le|ton|tu|su|el|il|tuo|o|seu|de|uw|je|jouw|twój|ваш|твой|sizin"
    r"|あなたの|您的|你的|a|an|valid|new)\s*(?=\s|[^\x00-\x7f]))?(?:[\w&.'’-]+\s+){0,4}$",
    re.IGNORECASE,
)
VERBAL = later(
    rf"[\s\"'”*_`)\]」』】»>]*(?:[(（]|(?:{_IS}|как|als|as|como|comme|come|jako|olarak)(?!\w)|[-–:])", re.IGNORECASE
)
#: What asks to enter what follows.
USE = later(
    r"(?:(?:reply|respond|answer)\s+(?:\w+\s+){0,4}with|brug|bruk|använd|use|enter|type(?: in)?|key in|punch in"
    r"|input|insert|submit|provide|paste|geben sie|gib|verwende[nt]?(?: sie)?|nutzen sie|nutze"
    r"|tippen? sie|tippe|trage(?:n sie)?"
    r"|saisi(?:r|ssez|s)|entrez|utilisez|tapez|recopiez|indiquez|introdu(?:ce|zca|cir|za|z)|ingres[ae]|usa|use|utiliza"
    r"|escribe|inserisci|digit[ea]|insira|voer|vul|gebruik|wpisz|użyj|wprowadź|podaj|введите|используйте|укажите"
    r"|введіть|gir(?:in|iniz)|kullan(?:ın)?|ange|indtast|skriv inn|syötä|zadejte|adja meg|introdu|nhập|masukkan|gunakan"
    r"|أدخل|استخدم|أدخلي|اكتب)\s+(?:[\w:\-]+\s+){0,3}[\"'“„«<*_`(\[]*$",
    re.IGNORECASE,
)
#: The same where the verb comes last: Japanese, Korean, Turkish, Hindi; and in Chinese after the number.
USED = later(
    r"[\s\"'”*_`)\]」』】»>]*(?:を(?:ご)?(?:入力|使用|利用)|을|를|(?:请|請)?(?:输入|輸入|填写|填寫)"
    r"|in(?:to)? (?:the|our|your|this) (?:[\w-]+ ){0,2}(?:app|form|page|field|box|browser|window|website|screen"
    r"|prompt)\b"
    r"|[\w' ]{0,30}\b(?:gir(?:in|iniz|erek)?|kullan\w*|yaz\w*)\b)"
)
#: What says of the number before it that nobody else should have it.
SECRET = later(
    r"[\s\"'”*_`)\]»,.;:–—-]{1,4}(?:please )?(?:do(?: not|n['’]t) (?:share|tell|give|forward)|never share"
    r"|keep (?:it|this) (?:secret|to yourself|private)|nicht weiter|niemandem|geben sie (?:ihn|sie|diese?n?) "
    r"|ne (?:le |la )?(?:partagez"
    r"|communiquez|transmettez)|no (?:lo |la )?compart|non (?:lo )?(?:condivid|comunic)|não (?:o )?(?:compartilh"
    r"|partilh|divulg)|deel (?:deze|dit|hem)|nie (?:udostępniaj|podawaj)|никому не|не сообщайте|kimseyle paylaş"
    r"|誰にも|他人に"
    r"|请勿|切勿|勿|타인|لا تشارك|del (?:den |ikke)|dela inte|jangan)",
    re.IGNORECASE,
)
#: What mail with a code says besides it: that it is for one alone, for a while, and that one need not have asked.
CAUTION = later(
    r"do(?: not|n['’]t) share|never share|did(?: not|n['’]t) (?:ask|request)|expires?\b|good for|valid for"
    r"|works (?:once|for)|nicht (?:angefordert|weiter)|läuft .{0,20}ab|gültig|ne (?:le |la )?partagez|pas demandé"
    r"|expire|valable"
    r"|no (?:lo |la )?compart|no (?:has )?solicit|caduca|non (?:lo )?condivid|non hai richiesto|scade"
    r"|não (?:o )?(?:compartilh|partilh)|não solicit|expira|deel .{0,20}niet|niet aangevraagd|verloopt"
    r"|nie (?:udostępniaj|podawaj)|wygas|ważn"
    r"|никому|не запрашивали|действ|нікому|paylaşma|geçerli|有効期限|心当たり|誰にも|有效|泄露|洩漏|告知他人|유효|타인"
    r"|لا تشارك|صالح|dela (?:den )?inte|del (?:den )?ikke|giltig|gyldig|voimassa|jaa sitä|neplat|platí|érvényes|jangan"
    r"|berlaku|hiệu lực|nimănui|ισχύει|תקף|אין לשתף|मान्य|साझा",
    re.IGNORECASE,
)
#: What says that a number is the number of something.
NUMBER = later(
    r"(?:(?<!\w)(?:nr|no|num|number|nummer|número|numéro|numero|numer|номер)\.?|[№#]|n[°º]\.?|第)\s*$", re.IGNORECASE
)
#: A noun after a number, as if it counted something; what goes on with a sentence is none.
COUNTS = later(
    r" (?!(?:to|is|in|on|for|at|as|when|within|expires?|will|and|or|before|by|from|into|zum?|um|ist|bei|im|auf|und|oder"
    r"|pour|est|dans|sur|et|afin|para|en|es|y|antes|per|è|nell\w*|su|e|entro|no|na|é|om|op|bij|aby|w|jest|i|для|на|в|и"
    r"|için|ile|ve|untuk|för|på|til|for)(?!\w))[^\W\d_]{3,}",
    re.IGNORECASE,
)
#: What says that a number only shows how codes look.
EXAMPLE = later(
    r"(?:like|such as|e\.g\.|for example|z\. ?b\.|par exemple|p\. ?ej\.|例：|例如|例えば|예:)\s*\W?$", re.IGNORECASE
)
