"""How a sentence ties a number to the word for it: `is`, `lautet`, a colon, `is your`, `enter … to`; by language."""

from __future__ import annotations

import re

from mailtrap.mail.later import later

_OPEN = r"[\s:：=\-–—><»«\"'“”„‘’(\[*_`|【「『■●・]*"
_IS = (
    r"is|are|as|ist|sind|lautet|est|sont|es|son|é|è|são|to|jest|brzmi|будет|это|هو|هي|は|が|为|為|是|은|는|이|가"
    r"|är|er|on|je|este|là|adalah|είναι|הוא|היא|है|คือ|yra|ir|е|és|ay|ni|ialah|yaitu|হলো|হল|হচ্ছে|است|ہے|є|bude|znie"
    r"|zní|lyder|lautet"
)
#: What may stand between a word for a code and the code, and nothing else.
JOINT = later(rf"{_OPEN}(?:(?:{_IS}|le|il|o|below|follows|now|number|no\.?|#){_OPEN}){{0,2}}", re.IGNORECASE)
#: What leads to the code at the end of more words.
LEADS = later(rf"(?:\b(?:{_IS})|[:：は是为為が])\s*[\"'“„«<*_`\[(【「]*$", re.IGNORECASE)
LED = later(r"[:：↓▼⬇👇]\W{0,3}$")
WITH = later(
    r"(?<![^\W\d_])(?:with|mit|avec|con|com|met|med|z|se?|ile|със?|kanssa|cu|amb|με|dengan|bằng|با|pop|put|punch|plug"
    r"|drop|tap)\s+[\"'“„«<*_`(\[]?$",
    re.IGNORECASE,
)
COLON = later(r"[:：]\s*[\"'“„«<*_`\[(【「]*$")
#: A dot after one of these ends no sentence.
_SHORT = "".join([rf"(?<!\b{word})" for word in ("acct", "no", "nr", "tel", "ref", "dr", "ms", "mr")])
SENTENCE = later(rf"[!?;](?=\s)|{_SHORT}\.(?=\s)|[。！？；]|\x00(?=\s)", re.IGNORECASE)
#: From a code to the word for it: `is your Acme`, `is the`, `として`.
AFTER = later(
    r"[\s\"'“”*_`()（）\]】」』»>,:\-–—]*(?:(?:" + _IS + r"|als|como|comme|come|как|jako|olarak|という|を)(?!\w))?\s*"
    r"(?:(?:your|the|my|ihr|dein|der|votre|le|ton|tu|su|el|il|tuo|o|seu|de|uw|je|jouw|twój|ваш|твой|sizin"
    r"|あなたの|您的|你的|a|an|valid|new)\s*(?=\s|[^\x00-\x7f]))?(?:[^\s,;:!?।。]{1,30}\s+){0,4}$"
    r"|[\s\"'”*_`)\]」』】»>]*(?:[是为為はが]|[,，]\s?[您你本此])[^\x00-\x7f，。、！]{0,12}$",
    re.IGNORECASE,
)
VERBAL = later(
    rf"[\s\"'”*_`)\]」』】»>]*(?:[(（]|[是为為はがは]|이|가|은|는|(?:{_IS}|как|als|as|como|comme|come|jako"
    rf"|olarak)(?!\w)"
    rf"|[-–:])",
    re.IGNORECASE,
)
_ENTERING = (
    r"(?:reply|respond|answer)\s+(?:\w+\s+){0,4}with|use|enter|type(?: in)?|key in|punch in|tap in"
    r"|input|insert|submit|provide|paste|quote|geben sie|gib|verwende[nt]?(?: sie)?|nutzen sie|nutze"
    r"|tippen? sie|tippe|trage(?:n sie)?"
    r"|saisi(?:r|ssez|s)|entrez|utilisez|tapez|recopiez|indiquez|renseignez|composez|introdu(?:ce|zca|cir|za|z|is)"
    r"|ingres[ae]|usa|utiliza|escrib[ea]|teclea|pon|inserisci|digit[ea]|insira|informe|coloque|introdueix|escriu"
    r"|utilitza"
    r"|voer|vul|gebruik|typ|toets|tik|wpisz|użyj|wprowadź|podaj|przepisz|введите|используйте|укажите|наберите"
    r"|введіть|вкажіть|використ\w+|скористайтеся|уведіть|въведете|използвайте|унесите|користите"
    r"|unesite|upišite|koristite|vnesite|vpišite|uporabite|gir(?:in|iniz)|kullan(?:ın)?|ange|använd|skriv(?: inn?)?"
    r"|mata in|fyll i|slå inn?|indtast|brug|angiv|tast(?: inn?)?|bruk|oppgi|syötä|käytä|anna|kirjoita|näppäile"
    r"|zadej(?:te)?|opište|použij(?:te)?|vlož(?:te)?|napíš(?:te)?|adja meg|add meg|írj[au] be|írd be|használ(?:ja|d)"
    r"|introduceți|introdu|tast(?:ați|ează)|folos(?:iți|ește)|nhập|sử dụng|dùng|điền|masukkan|masukan|gunakan|guna"
    r"|ketik"
    r"|įveskite|naudokite|ievadiet|izmantojiet|sisesta(?:ge)?|kasuta(?:ge)?|sláðu inn|notaðu|i-?enter|gamitin|ingiza"
    r"|weka"
    r"|πληκτρολογήστε|εισ[αά]γ[αά]?γ?ετε|χρησιμοποιήστε|γράψτε|συμπληρώστε|βάλτε"
    r"|შეიყვან\w+|აკრიფეთ|մուտքագր\w+|енгіз\w+|теріңіз|внесете|вметнете|увядзіце|vendosni|shtypni|shkruani|kiriting"
    r"|daxil edin|yazın|skribu|clóscríobh|iontráil"
    r"|izberi(?:te)?|vnesi|captur[ea]|compon[ie]|digita(?:re)?|completați|napište|napíšte|napisz|naputtele|tape"
    r"|reporte[rz]|reportant|preencha|copie e cole|indique|preme|marque|knappa in|slå|still inn|drej|press|dial"
    r"|напишите|напиши|напишіть|напишете|набер[иі]\w{0,3}|впишіть|впишите|stlač\w*|stiskn\w*|πατήστε|הקלידי|הקלידו"
    r"|ikteb|daħħal|tecle[ae]|dopíš(?:te)?|doplň(?:te)?|batti|сложи|suvesk\w+|isi\b|ilagay|ilagda|dooro|நுழை|உள்ளிட"
    r"|הזן|הזינו|הזיני|הקלד|הקלידו|השתמשו?|להזין|להקליד"
)
#: What asks to enter what follows.
USE = later(
    rf"(?:(?<![^\W\d_])(?:{_ENTERING})\s+|(?:أدخل|ادخل|استخدم|استعمل|اكتب|كتابة|إدخال|ادخال)[يو]?ا?\s+"
    r"|(?:กรอก|ใส่|ป้อน|พิมพ์|ใช้)\s*|(?:输入|輸入|填写|填寫|使用)\s*)(?:[\w:\-]+\s+){0,3}[\"'“„«<*_`(\[「【]*$",
    re.IGNORECASE,
)
#: Where one types what a message tells: what a sentence names that asks to type something.
WHERE = later(
    r"(?<![^\W\d_])(?:screen|app\b|page|window|field|form\b|box\b|prompt|display|keypad|pad\b|dialog|terminal|console"
    r"|website|browser|bildschirm|feld|fenster"
    r"|seite|maske|écran|champ\b|fenêtre|appli|page|pantalla|campo|ventana|aplicación|página|casilla|tela\b|janela"
    r"|aplicativo|schermo|finestra|pagina"
    r"|scherm|veld|venster|ekran|pol[eau]\b|okn|aplik|stron|skærm|felt|vindue|skärm|fält|fönster|skjerm|side[nr]?\b"
    r"|näyt|kent|ikkun|sivu|képerny|mező|ablak"
    r"|oldal|felület|obrazov|stránk|ecran|câmp|ferea|rubric|pagin|οθόν|πεδί|παράθυρ|σελίδ|εφαρμογ|экран|поле|окн"
    r"|прилож|сайт|страниц|застосун|додат|сторінц"
    r"|апликац|страниц|zaslon|stranic|polje|strani\b|ekrāns|lap[āa]|ekraan|veebi|väl[ij]|leh[te]|programėl|puslap"
    r"|laukel|uygulama|ekran|sayfa|alana|kutu|layar|kolom|halaman|aplikasi"
    r"|skrin|màn hình|ứng dụng|ô\b|trang\b|сайтта|қосымша|ilova|faqe|fushë|telefon)|מסך|שדה|אתר|חלון|אפליק"
    r"|(?:ال)?شاشة|(?:ال)?خانة|(?:ال)?موقع|(?:ال)?تطبيق|صفحه|سایت|برنامه|画面|欄|アプリ|ページ"
    r"|页面|頁面|屏幕|窗口|화면|입력창|앱|페이지|หน้าจอ|ช่อง|แอป|เว็บ|स्क्रीन|ऐप|पेज|অ্যাপ|செயலி|აპლ|ეკრან|կայք"
    r"|հավելված|\bsa app\b",
    re.IGNORECASE,
)
#: A telephone that one holds, not one that is called.
DEVICE = later(r"phone|mobile|tele[fp]on|телефон|puhelin|τηλέφων|טלפון|هاتف|电话|電話|전화|โทร", re.IGNORECASE)
#: A word for `number`, as in what names a number of something.
COUNTED = later(
    r"[^\W\d_]{2,30}(?:nummer|numret|nummeret|nummern|numero|nro|számod?|azonosító|zeichen|number)(?!\w)|"
    r"(?<![^\W\d_])(?:num(?:ber|mer|éro|ero|er)?\w{0,3}|n[úu]mer[oa]\w?|nombor|nomor|номер\w{0,3}|brojem?|broj[au]?"
    r"|číslo|čísl[ae]|szám[a-záéíóöőúüű]{0,4}|azonosító|αριθμ\w+|số|numru|nr|id|ident|kennung|tunnus|numero\w*)"
    r"(?!\w)|מספר|رقم|شماره|番号|號碼|号码|编号|번호|หมายเลข|เลขที่|नंबर|संख्या|நம்பர்",
    re.IGNORECASE,
)
#: Of these, what need not mean to type it.
WEAK = later(
    r"use|usa|utili|bru[gk]|använd|gebruik|nutz|verwend|quote|provide|submit|gib|geben|podaj|dùng|sử|gunakan|guna|pon"
    r"|anna|käytä|weka|informe|indi|ange|angiv|использ|używ|kullan|استخدم|ใช้|使用",
    re.IGNORECASE,
)
ENTER = later(
    rf"(?<![^\W\d_])(?:{_ENTERING})(?!\w)|أدخل|اكتب|กรอก|ป้อน|输入|輸入|入力|입력|दर्ज|डालें|عدد را|gir(?:in|iniz)"
    rf"|eingeben"
    rf"|eintippen|invoeren",
    re.IGNORECASE,
)
#: The same where the verb comes last: Japanese, Korean, Turkish, Hindi; and in Chinese after the number.
USED = later(
    r"[\s\"'”*_`)\]」』】»>]*(?:を(?:ご)?(?:入力|使用|利用)|을|를|(?:请|請)?(?:输入|輸入|填写|填寫)"
    r"|in(?:to)? (?:the|our|your|this) (?:[\w-]+ ){0,2}(?:app|form|page|field|box|browser|window|website|screen"
    r"|prompt|device|terminal|tv|dialog)\b|when (?:you are |you['’]re )?(?:prompted|asked)|where (?:it )?asks"
    r"|[\w' ]{0,30}\b(?:gir(?:in|iniz|erek)?|kullan\w*|yaz\w*|eingeben|ein(?:tippen|tragen)|invoeren|intoetsen"
    r"|intypen)\b"
    r"|[^.!?।]{0,30}(?:енгіз|kiriting|உள்ளிட|ব্যবহার|உபயோக|பயன்படுத்த|بنویس|दर्ज|डालें|भरें|وارد کن|درج کر|লিখুন"
    r"|প্রবেশ করান|నమోదు|ನಮೂದಿಸಿ|നൽകുക|દાખલ|ਦਰਜ|ඇතුළත්|បញ្ចូល|ປ້ອນ|प्रविष्ट|टाइप|ရိုက်ထည့်|ያስገቡ|оруул))"
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
    r"|berlaku|hiệu lực|nimănui|ισχύει|תקף|אין לשתף|मान्य|साझा"
    r"|expir|valid|gilt|gelten|verfällt|niemand|ignor|keep (?:it|this)|nobody|no one|anyone|unless you|wasn['’]t you"
    r"|personne|nadie|nessuno|ningu[eé]m|niemand|nikomu|nikto|nikom|kimse|senki|kellekään|ingen|nogen|noen|noon\b"
    r"|κανέναν|λήγει|αγνοήστε|תוקף|להעביר|לאיש|समाप्त|किसी|ห้าม|หมดอายุ|ใช้ได้|ภายใน|hết hạn|chia sẻ|kedaluwarsa"
    r"|sah selama"
    r"|udløber|utløper|går ut|dela |vanhene|lejár|vyprší|platn|expiră|дійсн|валид|изтича|vrijedi|važi|velja|galioja"
    r"|derīg"
    r"|kehti|caduca|失效|过期|過期|本人操作|本人|無効|教えない|만료|تنتهي|انتهاء|معتبر|منقضی|শেয়ার|பகிர|huwag"
    r"|usishiriki",
    re.IGNORECASE,
)
#: What says that a number is the number of something.
NUMBER = later(
    r"(?:(?<!\w)(?:id|nr|no|num|form|line|build|row|konto|session|terminal|extension|zone|student|staff|member"
    r"|customer"
    r"|user|account|version|page|chapter|table|port|room|step|ticket|case|unit|flat|apt|ext|rev|article|art|number"
    r"|nummer|número|numéro|numero|numer|номер|č|nº|sz|broj|nomor|số|رقم|numru)\.?|[№#]|n[°º]\.?|第)\s*$",
    re.IGNORECASE,
)
#: A noun after a number, as if it counted something; what goes on with a sentence is none.
COUNTS = later(
    r" (?!(?:to|is|in|on|for|at|as|when|within|expires?|will|and|or|before|by|from|into|zum?|um|ist|bei|im|auf|und"
    r"|oder"
    r"|pour|est|dans|sur|et|afin|para|en|es|y|antes|per|è|nell\w*|su|e|entro|no|na|é|om|op|bij|aby|w|jest|i|для|на|в|и"
    r"|için|ile|ve|untuk|för|på|til|for)(?!\w))[^\W\d_]{3,}",
    re.IGNORECASE,
)
#: What says that a number only shows how codes look.
EXAMPLE = later(
    r"(?<![\w.@-])(?:(?:looks?|looked|something|messages?|mails?) like(?: this| these| so)?|ser? (?:så(?:dan"
    r"|ledes)? )?ut|se (?:sådan )?ud|(?:so|wie folgt) aus(?:sehen)?|ressemble(?:nt)? à(?: ceci)?|se ve así|así"
    r"|tak wygląda"
    r"|example|contoh(?:nya)?|pesan(?:nya)? seperti \w+|beispiel|exemple|ejemplo|esempio|voorbeeld|przykład|пример"
    r"|приклад|örnek|like|such as|e\.g\.|for example|z\. ?b\.|p\. ?ej\.|例：|例如|例えば|예:)\s*\W?$",
    re.IGNORECASE,
)
#: What says after a code that it is of no more use.
SPENT = later(
    r"[\s\"'”*_`)\]」』】»>]*(?:\s*\(?(?:that|which|die|der|den|das|que|che|который|które)\b[^.!?]{0,40})?\s*(?:(?:was"
    r"|has (?:already )?been|is (?:already|no longer)|has"
    r"|wurde|ist|a (?:déjà )?été|est|ha sido|fue|ha|è (?:già )?(?:stato )?|foi|já foi|is|werd|został\w?|был|уже"
    r"|було)\s+)?(?:already |bereits |schon |al |już |уже )?(?:(?<=was )|(?<=been )|(?<=already ))?"
    r"(?:used(?! to be)|(?:\([^)]{0,30})?(?:replaced|superseded|ersetzt|remplacé|sustituid|sostituit|vervangen"
    r"|zastąpion|заменён|заменен)|expired|entered|revoked|redeemed|replaced|cancel+ed|valid any|verwendet|benutzt"
    r"|eingelöst|abgelaufen|ungültig|utilisé|expiré|usado|utilizado|caducad|usato|utilizzato"
    r"|scadut|gebruikt|verlopen|użyt|wykorzystan|wygasł|использован|истек|истёк|kullanıldı|süresi doldu|で使用され"
    r"|は使用済"
    r"|は無効|已使用|已失效|已过期|사용되었|만료되었)",
    re.IGNORECASE,
)
#: Warnings of fraud show what the fraud looks like.
WARNS = later(
    r"warn|beware|watch out|how to|spot|fake|example|contoh|waspada|achtung|vorsicht|falsch|pas på|falske|falska"
    r"|varning|attention|faux|cuidado|ojo|fals|attenzione"
    r"|let op|valse|nep|uważaj|fałszyw|осторожно|поддел|обереж|dikkat|sahte|注意|偽|假|주의|가짜|احذر|προσοχή|cẩn"
    r"|ระวัง",
    re.IGNORECASE,
)
FRAUD = later(
    r"fraud|scam|phish|smish|svind|sms|betrug|betrüg|estafa|truff|oplicht|oszust|мошенн|шахра|dolandırıcı|詐欺|诈骗"
    r"|詐騙|사기"
    r"|احتيال|απάτη|lừa đảo|หลอก|penipu|petos|bedr[aä]ger|podvod|csal",
    re.IGNORECASE,
)
