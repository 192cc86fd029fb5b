"""The words around numbers, in many languages: what is called a one-time code, and what is called something else.

Lists of stems, one kind of phrase to a list; facts about languages, in the order in which they are tried.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import accumulate

from mailtrap.mail.later import later

# What has a number of its own and is no code: it wins over the word for code within it.
_OTHER = r"""
order(?!s? to\b)|purchase|invoice|receipt|booking|reservation|itinerary|ticket|confirmation (?:no|num|#)|tracking
shipment|parcel|waybill|consignment
transaction|payment (?:id|ref|no)|reference|ref\b|cases?\b|claims?\b|policy|contract|customer (?:no|num|id)
account (?:no|num|id|ending)|member(?:ship)?(?: no| num| id)
ending (?:in|with)|ends with|last (?:4|four)|cards?\b|iban|bic\b|vat\b|tax(?:es)?\b|registration (?:no|num)
company (?:no|num)|return (?:authori[sz]ation (?:code|number)|label|code|no|num)|rma\b|(?:job|candidate) (?:code|id|no)
hrb|siret|phones?\b|mobile|tel\b|telephone|fax\b|call(?:s|ing)?\b|hotline|dial(?:l?ing)?\b|location (?:code|id)|zip\b
post(?:al)? ?code|area code|country code|sort code|swift|product code|sku|isbn|serial|model\b|version|release
commit|pull request
(?:promo|promotion|promotional|discount|coupon|voucher|gift|gift card|referral|invite|offer|rebate|reward|bonus|
partner|affiliate|checkout)[ -]?(?:code|card)?
survey|conference|course|participant|error code|status code|exit code|response code|source code|qr[ -]?code
bar ?code|dress code|code of|code review
zip code|color|colour|hex\b|rooms?\b|flight|gate\b|seats?\b|suite|apt\b
locker|pick-?up code|collection code|door code|gate code|visitors?|subscribers|users|points|miles|balance|amount
total\b|subtotal|price|meeting id|conference id|webinar id|dial-in
bestell|auftrag|rechnung|liefer|sendung|paket|kunden-?n|vertrag|beleg|buchung|reservierung|vorgang|aktenzeichen
ticketnummer|rückruf|telefon|tel\.|plz|postleitzahl|konto-?n(?:um|r)|endet auf|endend
gutschein|rabatt|aktions-?code|coupon|artikel|afhaal|steuer|ust\b|trackingn|zählerstand|kundennummer|mitgliedsn|abhol
fehlercode|zimmer
commande|facture|colis|livraison|suivi|réservation|numéro de client|n° client|téléphone|tél\b|code postal
code de retrait
code promo
code de réduction|code cadeau|bon d.achat|référence|réf\b|dossier|se terminant
contrat|montant
pedido|factura|envío|seguimiento|reserva\b|localizador|número de cliente|teléfono|código postal|código promocional
código de descuento|cupón|referencia|terminada en|importe|billete|expediente
ordine|fattura|spedizione|tracciamento|prenotazione|codice sconto|codice promo|codice cliente|codice fiscale|cap\b
telefono|riferimento|pratica|buono|importo|che termina
encomenda|fatura|rastre(?:io|amento)|código de rastre|cupom|código promocional|cep\b|código postal|telefone
referência|nota fiscal|protocolo|final \d|valor
bestelling|bestelnummer|factuur|zending|track ?& ?trace|boeking|reservering|klantnummer|telefoon|postcode
kortingscode|actiecode|referentie|eindigend op|bedrag|cadeau
zamówieni|faktur|przesyłk|paczk|rezerwacj|numer klienta|nip\b|telefon|kod pocztowy|kod rabatowy|kod promocyjny|kupon
kwota|odbior|sprawy
заказ|счет|счёт|накладн|трек|посылк|отправлен|бронирован|билет|телефон|тел\.|индекс|промокод|купон|скидк|договор
инн\b|сумма|карт[аыу]|код получения|замовлен|рахунок
sipariş|fatura|kargo|takip|rezervasyon|müşteri n|telefon|posta kodu|indirim|kupon|kampanya kodu|promosyon|hediye
referans|tutar|ile biten
注文|請求|伝票|追跡|配送|予約|お客様番号|会員番号|電話|郵便|クーポン|割引|プロモ|キャンペーンコード|問い合わせ番号
お問い合わせ|口座|金額|商品|品番|ポイント|招待コード|エラーコード
订单|訂單|发票|發票|快递|运单|物流|单号|單號|包裹|预订|預訂|电话|電話|邮编|郵遞|优惠码|優惠碼|优惠|优惠券|折扣码
折扣|兑换码|邀请码|推荐码|客服|编号|編號|尾号|尾號|金额|取件码|工单|流水号|提货码
주문|송장|운송장|예약|영수증|전화|고객센터|우편|쿠폰|할인|프로모션|추천인|초대 코드|고객번호|회원번호|접수번호|금액
계좌
طلب رقم|رقم الطلب|الطلب|فاتورة|شحن|تتبع|حجز|هاتف|الرمز البريدي|خصم|كوبون|قسيمة|العميل|المبلغ|الحساب رقم
beställning|ordernummer|faktura|försändelse|spårning|bokning|telefon|postnummer|rabattkod|ordre|pakke|sporing|tilaus
lasku|seuranta|alekoodi|objednávk|zásilk|sleva|slevový|rendelés|számla|kupon
đơn hàng|hoá đơn|hóa đơn|vận đơn|mã giảm giá|pesanan|resi\b|kode promo|voucher|παραγγελ|τιμολόγ|κουπόνι|הזמנה
חשבונית|קופון|ऑर्डर|คำสั่งซื้อ
incident|runbook|licence|license|plate|trip\b|suite\b|ext\.|helpline|anti-phishing|serijsk|sériov|serienum|seri ?no
employee|student|patient|nhs|username|user ?id|request id|session id|serial|device id|document id|reg\.? ?(?:no|nr)
krs\b|regon|ičo\b|dič\b|cvr\b|kvk\b|btw\b|org\.? ?(?:nr|no)|y-tunnus|еик\b|єдрпоу|едрпоу|огрн|кпп\b|mersis|cui\b
p\. ?iva|cif\b|nif\b|rcs\b
siren\b|icp备|kid\b|ttn\b|ттн\b|variabilní|konstantní|číslo účtu|kontonumm?er|tilinumero|számlaszám|rum\b|ics\b
поръчк|narudžb|поруџб|porudžb|naročil|užsakym|pasūtīj|tellimus|אסמכתא|অর্ডার|سفارش|آرڈر|comanda|eskaera|έγγραφ|ulaznic
karta broj
фактур|sąskait|rēķin|čeks?\b|arve\b|kviitung|kuitti|kvitter|τιμολόγ|απόδειξ|קבלה|इनवॉइस|ใบเสร็จ|ใบแจ้งหนี้|faktur
invois|resit\b|فاکتور|رسید|biļete|bilet
codul(?:ui)? de client|cod(?:ul)? client|číslo zákazníka|zákaznick|broj (?:kupca|računa|telefona)|asiakasnumer|kundenr
kundnummer|ügyfél|αριθμός (?:πελάτη|λογαριασμού)
מספר (?:לקוח|הזמנה|מעקב|חשבון)|ग्राहक (?:आईडी|संख्या|सेवा)|รหัสลูกค้า
mã (?:khách|đơn|vận|giao dịch|sản phẩm|số thuế|bưu|lỗi|giảm|khuyến)|số (?:điện thoại|tài khoản|dư|hotline)
nomor (?:pelanggan|pesanan|resi|rekening|hp|telepon)
код (?:клієнта|клиента|товар[ау]|ошибки|помилки|знижк|регион|города)|клієнтськ|polic[ey]|полі[сц]|полиц
หมายเลข(?:คำสั่งซื้อ|พัสดุ|บัญชี|โทรศัพท์)|รหัส(?:สินค้า|ไปรษณีย์|ข้อผิดพลาด|ส่วนลด|คูปอง|โปรโม)
kode (?:produk|pos|kesalahan|diskon|kupon|voucher|referral)
ürün kodu|termékkód|cikkszám|kod (?:produktu|błędu|za popust)|código de (?:product|err)
code (?:produit|d['’]erreur|client|article)|codice (?:prodotto|errore|di errore|articolo)
tuotekoodi|varenummer|virhekoodi|fejlkode|felkod|feilkode|hibakód|chybový kód|hata kodu|foutcode
(?:错误|錯誤|产品|商品)(?:代码|代碼)|오류 ?코드|상품 ?코드|은행 ?코드
κωδικός (?:σφάλματος|προϊόντος|πελάτη)|(?:εκπτωτικ\w+ κωδικ)|κωδικ\w+ (?:έκπτωσης|κουπονιού|προσφοράς)
קוד (?:שגיאה|קופון|הנחה|מוצר)|رمز (?:الخطأ|الخصم|القسيمة|المنتج)
cod (?:de )?(?:eroare|reducere|produs|promo|client|poștal)|alennus|tarjous|rabatkode|kuponk|slevov|zľav|промо|отстъпк
popust|nuolaid|atlaiž|sooduskood|कूपन|প্রোমো|کد (?:تخفیف|پستی|رهگیری)|descompte
postinumero|postnr|irányítószám|psč\b|пощенски|поштов|poštansk|poštna|pašto|pasta indeks|postiindeks|ταχυδρ|τ\.κ|מיקוד
पिन ?कोड \d{6}|kod pos\b|poskod
โทร|tổng đài|telepon|çağrı|τηλ|טלפון|מוקד|हेल्पलाइन|फ़ोन|হেল্পলাইন|ফোন|تلفن|پشتیبانی|puhelin|puh\.|tlf|热线|熱線
フリーダイヤル|サポート|szobaszám
(?![一-龯ァ-ヶー]{0,6}(?:認証|確認|パス|検証|ログイン|セキュリティ|アクセス|リカバリ|バックアップ|復旧|復元|登録|
ペアリング|連携|接続|招待|参加|入室|解錠|有効化|アクティベ|ワンタイム|キー|デバイス|一時))[一-龯ァ-ヶー]{1,8}コード
(?:제휴|은행|상품|지역|국가|부서|회사|종목|지점|학과|과목|색상)\s?코드|allocataire|microchip|badge|allocat|銘柄|証券
薬局|mã học|mã môn|κωδικός παίκτη
tsoon|reg[.-]?(?:kood|nr|no)|code (?:banque|guichet|barre|agence|naf|ape|insee|rome|iata|sap)|parkimis|pkd\b|ocr\b
(?![一-龯]{0,4}(?:認証|確認|暗証|照合|検証|登録用|承認|パス))[一-龯]{1,5}番号(?!を入力)
(?!(?:인증|확인|승인|보안|복구|비밀|일회용|임시))[가-힣]{2,4}(?<!인증)(?<!확인)(?<!승인)(?<!보안)번호|契約|계약
受付番号
(?:金融機関|支店|銀行|店舗|会社|部品|型番|カラー|エリア|国)コード|バーコード|QRコード|二维码
"""

# What is a one-time code and nothing else.
_CODE = r"""
(?:verification|security|authentication|authorization|authorisation|authenticator|activation|validation|login|log-in|
log in|sign-?in|sign in|sign-?up|access|one[- ]?time|single[- ]use|temporary|2fa|two[- ]factor|two[- ]step|mfa|reset|
recovery|confirm(?:ation)?|verify|secret|device|unlock|identity|registration|email|e-mail|otp|pass|backup|
approval)[ -]?(?:login |access |security |verification |sign-in |pin )?(?:pass)?codes?
(?:\d|four|five|six|seven|eight)[- ]?(?:digit|character|letter)s? (?:\w+ )?(?:code|pin|number|otp|passcode)
one[- ]?time[- ](?:pass(?:word|code|phrase)?|pin|code|key)|temporary password|dynamic (?:password|pin)
verification (?:number|pin|key)|security (?:number|pin)|login pin|passcode|otp\b|totp\b|magic code|mobile tan
(?:m|i|sms-?|push-?|photo-?|chip-?)tan\b|tan\b|tac\b
(?:bestätigungs|verifizierungs|verifikations|sicherheits|anmelde|aktivierungs|freischalt|login-?|zugangs|einmal|
authentifizierungs|zugriffs|prüf|registrierungs|legitimations|wiederherstellungs|e-mail-)[ -]?(?:code|pin|kennwort|
passwort|tan|schlüssel|zahl|ziffern)
einmalige[rnms]* (?:code|passwort|kennwort|pin|anmelde)|\d-stellige[nrs]* (?:code|pin|zahl)
(?:zugangs|sicherheits|bestätigungs|verifizierungs|prüf|einmal)nummer
(?:sechs|vier|acht)stellige[nrs]* (?:code|pin|zahl)|zwei-faktor-code|passcode
codes? (?:de |d['’]|à )?(?:vérification|confirmation|sécurité|validation|connexion|activation|authentification|accès|
usage unique|identification|\d chiffres|six chiffres|quatre chiffres|réinitialisation|inscription|récupération)
code (?:unique|temporaire|secret|provisoire)|mot de passe (?:à usage unique|temporaire|unique)|code otp
(?:código|codigo|clave|pin|contraseña) (?:de |del? )?(?:un solo uso|verificación|verificacion|confirmación|seguridad|
acceso|activación|inicio de sesión|autenticación|autorización|validación|un único uso|único|temporal|\d dígitos|
seis dígitos|cuatro dígitos|recuperación|registro|identificación)
código otp
codic[ei] (?:di |d['’]|per l['’])?(?:verifica|conferma|sicurezza|accesso|attivazione|autenticazione|login|
autorizzazione|convalida|monouso|temporaneo|usa e getta|otp|\d cifre|sei cifre|identificazione|recupero|registrazione)
password (?:monouso|temporanea|usa e getta)|codice a (?:\d|sei|quattro)
(?:código|codigo|senha|palavra-passe|pin) (?:de |do |da )?(?:verificação|confirmação|segurança|acesso|ativação|
autenticação|uso único|utilização única|login|validação|início de sessão|temporári[oa]|única|único|\d dígitos|
seis dígitos|recuperação|cadastro)
código otp
(?:verificatie|bevestigings|beveiligings|toegangs|inlog|activerings|activatie|aanmeld|authenticatie|controle|
herstel)[- ]?code
eenmalige? (?:code|wachtwoord|inlogcode|toegangscode|pincode)|\d-cijferige? code|zescijferige code
(?:jednorazow[yae][a-z]* )?(?:kod|hasło|pin)(?:u|em|ie)? (?:weryfikacyjn|potwierdza|potwierdzenia|bezpieczeństwa|
jednorazow|aktywacyjn|dostępu|logowania|autoryzac|uwierzytelni|dostępow|sms|rejestrac|odzyskiwania)[a-ząćęłńóśźż]*
jednorazow[a-ząćęłńóśźż]+ (?:kod|hasł|pin)[a-ząćęłńóśźż]*|hasło jednorazowe
(?:код|пароль|пин-код)[а-я]*(?: для)? (?:подтвержд|верификац|безопасност|доступа|входа|активац|авториз|проверк|
регистрац|аутентификац|восстановл|сброс|смены)[а-я]*
(?:одноразов|проверочн|защитн|секретн|временн|\d-значн|шестизначн|четырехзначн|четырёхзначн)[а-я]+ (?:код|пароль|
пин)[а-я]*
код(?: для)? (?:підтвердж|безпек|вход|активац|перевірк|доступ)[а-яіїє]*|одноразов[а-яіїє]+ (?:код|пароль)[а-яіїє]*
(?:doğrulama|onay|güvenlik|giriş|aktivasyon|erişim|tek kullanımlık|kimlik doğrulama|etkinleştirme|oturum açma|teyit|
üyelik|sıfırlama)(?: onay| giriş| doğrulama| güvenlik)? (?:kod|şifre|parola|pin)[a-zçğıöşü]*
tek seferlik (?:kod|şifre|parola)[a-zçğıöşü]*|\d haneli (?:kod|doğrulama)[a-zçğıöşü]*
(?:認証|確認|検証|セキュリティ|セキュリティー|アクセス|ログイン|ワンタイム|本人確認|パス|照合|登録|認証用|メール認証|
二段階認証)(?:用)?(?:コード|番号|キー|パスワード|パスコード|PIN|ＰＩＮ)
ワンタイム|\d桁の(?:コード|数字|番号)|\d ?桁(?:の)?(?:コード|数字|番号)|暗証番号|仮パスワード
(?:验证|驗證|校验|校驗|动态|動態|确认|確認|安全|登录|登入|激活|授权|認證|认证|识别|一次性)(?:码|碼|密码|密碼|口令|
代码|代碼|验证码|驗證碼)
\d ?位(?:数字|數字)?(?:验证|驗證)?(?:码|碼)|动态口令|随机码
(?:인증|확인|보안|승인|로그인|일회용|임시|본인 ?확인|이메일 ?인증|검증|가입|접속|일회성)\s?(?:번호|코드|비밀번호|
암호|키|패스워드)
\d ?자리\s?(?:숫자|코드|인증|번호)|OTP
(?:رمز|كود|رقم|شفرة)(?:ك)? (?:ال)?(?:تحقق|تأكيد|تفعيل|أمان|دخول|مصادقة|مرور|توثيق|التسجيل|تسجيل الدخول|الوصول|
لمرة واحدة|المكون)[\u0600-\u06ff]*
رمز[\u0600-\u06ff]* (?:المؤقت|السري|أحادي)
كلمة (?:ال)?(?:مرور|سر)[\u0600-\u06ff]* (?:لمرة واحدة|المؤقتة|ال(?:مؤقتة|أحادية))|رمز التحقق
کد (?:تأیید|تایید|فعال|ورود|امنیتی|یکبار)[\u0600-\u06ff]*|رمز (?:یکبار|عبور)
(?:verifierings|verifikations|bekräftelse|bekræftelses|bekreftelses|säkerhets|sikkerheds|sikkerhets|engångs|engangs|
inloggnings|aktiverings|login|påloggings|godkendelses|tilgangs|tillfällig )[- ]?(?:kod|kode|koden|lösenord|
adgangskode|passord)[a-zåäöæø]*
(?:vahvistus|kirjautumis|turva|kertakäyttö|todennus|aktivointi)[- ]?(?:koodi|salasana|tunnus)[a-zåäö]*
(?:ověřovací|potvrzovací|bezpečnostní|jednorázov[ýé]|aktivační|přihlašovací|overovací|jednorazov[ýé]|
prihlasovací) (?:kód|heslo|pin)[a-zěščřžýáíéůú]*
(?:ellenőrző|megerősítő|biztonsági|egyszer használatos|belépési|hitelesítő|aktiváló)[ -]?(?:kód|jelszó)[a-záéíóöőúüű]*
cod(?:ul)? (?:tău )?(?:de )?(?:verificare|confirmare|securitate|activare|acces|unic|autentificare)|kontrolni kod
verifikacijski kod|код за (?:потвърждение|верификация|достъп|вход|сигурност)
mã (?:xác (?:minh|thực|nhận)|otp|bảo mật|kích hoạt|đăng nhập)
kode (?:verifikasi|otp|konfirmasi|keamanan|aktivasi|masuk|akses)|kod (?:pengesahan|keselamatan)
κωδικ(?:ός|ό|ού) (?:επαλήθευσης|επιβεβαίωσης|ασφαλείας|μίας χρήσης|πρόσβασης|σύνδεσης|ενεργοποίησης)
קוד (?:ה)?(?:אימות|אישור|אבטחה|כניסה|גישה|חד[- ]פעמי)|(?:सत्यापन|सुरक्षा|पुष्टि|वन-टाइम) (?:कोड|पासवर्ड)|ओटीपी
รหัส(?:ยืนยัน| ?OTP|ความปลอดภัย|ผ่าน(?:ครั้งเดียว|แบบใช้ครั้งเดียว)|ใช้ครั้งเดียว)
ה?סיסמה ה?חד[- ]?פעמית|קוד ה?(?:זמני|חד)|kertakäyttöi[a-zåäö]+ (?:salasana|koodi)[a-zåäö]*
(?:egyszer(?:i| használatos)|ideiglenes) (?:kód|jelsz)[a-záéíóöőúüű]*
(?:једнократн|jednokratn|enkratn|jednorázov|jednorazov|vienkartin|vienreizēj|еднократ|одноразов|тимчасов|
временн)[^\W\d_]* (?:лозинк|lozink|kod|код|gesl|hesl|slaptažod|parol|парол|kód|пин|pin)[^\W\d_]*
ühekord(?:ne|se) (?:parool|kood)[a-z]*|parol[aăe]\w* (?:dumneavoastră |ta )?(?:unic|temporar|de unică)\w*
(?:εφάπαξ|προσωριν[όή]ς?) κωδικ\w*|einnota|einskiptis
वन ?टाइम|ওয়ান ?টাইম|ওটিপি|mật khẩu (?:một lần|dùng một lần|tạm thời)|(?:kata )?sandi sekali pakai|laluan sekali
رمز (?:یک ?بار ?مصرف|پویا)|ون ٹائم|contrasenya (?:d['’]un sol ús|temporal)
(?:patvirtinimo|prisijungimo|apstiprinājuma|verifikācijas|kinnitus|sisselogimis|потврд\w+|верификацион\w+|
потвърд\w+) ?(?:kod|kood|код)[^\W\d_]*|staðfestingark[^\W\d_]+|öryggisk[^\W\d_]+
codi (?:de |d['’])?(?:verific|segur|confirm|acc[eé]s|un sol)\w*|(?:복구|백업) ?(?:번호|코드)|リカバリーコード
バックアップコード|备用码|恢复码|備用碼
yedek kod\w*|резервн\w+ код\w*
(?:পরিচয় |যাচাইকরণ |ভেরিফিকেশন )(?:কোড|পিন)|சரிபார்ப்பு குறியீ|(?:verification|uthibitishaji) msimbo|msimbo wako
(?:pairing|enrol?lment|join|entry|keypad|access|guest|link(?:ing)?) (?:code|pin|phrase)s?
(?:enrol?lment|access|setup|pairing|activation|security|recovery|one[- ]time|unlock|login|sign-?in) keys?\b
authori[sz]ation key|(?:kopplungs|pairing|koppel)[- ]?code
"""

# What may be one: it depends on the rest of the message. Of compounds (`Zahlencode`) the whole word counts.
_PERHAPS = r"""
codes?\b|pin(?:s|[ -]?code|[ -]?kode?)?\b|passkey\b|token\b|kürzel|tans\b|kennung|ziffernfolge|geheimzahl|nonce\b
[^\W\d_]{2,24}-?(?:codes?|codetjes?|kode[nrs]?|koda[snm]?|koodi[a-zåäö]{0,6}|kood[a-z]{0,3}|kóð[a-záðéíóúýþæö]{1,4})\b
[^\W\d_]{2,24}-(?:kód[a-záéíóöőúüű]{0,6}|pin|tan)\b|claves\b
código|codigo|clave\b|codice|codis?\b|kodea[ak]?\b|cod(?:ul|ului|uri|urile)?\b|msimbo\b|nambari\b
kod(?:[uyieaoąs]|as|om|em|ów|owi|zie|ova|ovi|unuz|unuzu|un|unu|en|et|uyla|unuzla|la|lar|ları)?\b|kode(?:n|nya|mu)?\b
код(?:[аиуіеы]|ом|ов|ів|ові|ам|ами|ове|овете|ът|от|они|тың|ты)?\b|koodi[a-zåäö]{0,6}\b|kood[a-z]{0,3}\b
kód(?:[yua]|em|om|ov|ů|odat?|ot|ja|ját|jával|dal|hoz|okat?|unk)?\b|kóð[a-záðéíóúýþæö]{0,5}\b|kôd(?:[au]|om)?\b
copy and paste|characters|digits|(?:this|that|these|the|following) numbers?\b|numbers? (?:below|above|shown)
ziffern|zahlenfolge|zahlenkombination|(?:diese[nr]?|folgende[nrs]?|die) (?:zahl(?:en)?|nummern?)\b|zahl\b|chiffres
(?:este|esse|aquest|questo|ce|dit|deze|dette|detta|här|tento|toto|ten|ta|este|acest) (?:n[úu]mero?|num[ée]ro|nummer|
número|numret|číslo|numer|număr)\b
cifras|dígitos|dígits|cifre\b|cijfers|цифр|cyfr|haneli|rakamlar|siffror|siffer|siffran|cifry|číslic|cifier|számjegy
számsor
numero(?:sarja|n)
ψηφί|chữ số|dãy số|angka\b
コード|パスコード|番号を入力|数字|숫자|번호를 입력|代码|代碼|口令|코드|أرقام|رمز|كود|کد\b|کوڈ|mã\b|κωδικ|קוד|ספרות|कोड
अंक|पिन
কোড|পিন|ကုဒ်|ကုတ်|ኮድ|ቁጥር|kodiċi|коды\b|குறியீ|కోడ్|ಕೋಡ್|കോഡ്|ਕੋਡ|કોડ|කේතය|កូដ|ລະຫັດ|კოდ|կոդ|ကုဒ်|รหัส|ตัวเลข
пин(?:[ауе]|ом)?\b|şifre(?:niz|n|nizi|ni|miz)?\b|parola(?:nız|n)?\b|пароль|парол(?:[аюі]|ем)\b
pass ?phrases?\b|magic words?\b|(?:these|the|following) (?:\w+ )?words?\b|words? below
"""

# What one has for longer, though it may be given for once: only where the number follows at once.
_LASTING = r"""
(?:[^\W\d_]{2,20}-?)?(?:passwort|kennwort|wachtwoord|lösenord|adgangskode|passord|salasana)|password|mot de passe
contraseña|senha|palavra-passe|wachtwoord|hasł[oaem]\w{0,2}|heslo\w?|heslem
jelszó|jelszav\w+|lösenord\w*|adgangskode\w*|passord\w*
salasana\w*|gesl[oaue]m?|lozink[aeuo]\w?|лозинк[аеуо]\w?|парола|slaptažod\w+|parool\w*|kata sandi|kata laluan|mật khẩu
nenosiri|κωδικός πρόσβασης|סיסמ[הת]\w*|パスワード|密码|密碼|비밀번호|كلمة (?:المرور|السر)|گذرواژه|รหัสผ่าน|पासवर्ड
"""

# What makes a code or a number one to get in with, beside it: `Code zur Anmeldung`, `número de verificación`.
_ACCESS = r"""
verifi|verify|vérifi|verific|authenti|authori|autent|autori[sz]|autoryz|identit|validation|validación|convalid
sign(?:ing)?[ -]?(?:in|up)|log(?:ging)?[ -]?in
access\b|accès|acces|accesso|acceso|acesso|security|sécurité|segur|sicurezza|bezpiecz|activat|activac|attivaz|ativa
aktiv|reset|réinit|restab|reimpost|redefin
anmeld|bestätig|freigab|freischalt|registrier|zurücksetz|einlogg|connexion|connect|inscription|inicio de ses|iniciar
entrar|registr|inlogg|aanmeld|bevestig|potwierd|logowan|weryfik
rejestr|подтвер|вход|авториз|регистр|проверк|безопасн|вхід|підтвер|перевір|реєстр|потвърд|потврд|пријав|potvrd|prijav
potrdi|giriş|doğrula|onay|güvenlik|kayıt|bekräft|bekræft
bekreft|verifier|godkend|innlogg|pålogg|logg|vahvist|kirjaut|todenn|tunnistau|ověř|přihl|overen|prihlas|megerős|belép
bejelent|hiteles|autentific|conectare|securit|επαλήθ|επιβεβ
σύνδεσ|είσοδ|ταυτοπ|ασφαλ|אימות|כניסה|התחבר|אישור|xác (?:minh|thực|nhận)|đăng (?:nhập|ký)|bảo mật|verifikasi
konfirmasi|masuk|keamanan|pengesahan|log masuk|patvirtin|prisijung
apstiprin|pieslēg|kinnit|sisselog|сверк|تحقق|تأكيد|دخول|تفعيل|ورود|تأیید|تایید|सत्याप|सुरक्षा|लॉगिन|ยืนยัน|เข้าสู่ระบบ
যাচাই|লগ
"""

_VERBS = r"""
password|passphrase|passwort|kennwort|mot de passe|contraseña|senha|palavra-passe|wachtwoord|hasł|парол|şifre
lösenord|adgangskode|passord|heslo|jelszó|mật khẩu|sandi\b|κωδικ|סיסמ|パスワード|密码|密碼|비밀번호|كلمة المرور
كلمة السر
invited you|invitation|set(?:ting)? up your|belongs to you|it['’]?s (?:really )?you
that it['’]?s you|who you are|prove|pair (?:your|the|it)|create (?:your|an) account
new account|browser|new device|unusual|identi[tdf]|your account|dein konto|ihr konto|votre compte|tu cuenta|su cuenta
il tuo account|sua conta|je account|twoje konto|аккаунт|hesab|アカウント|账号|账户|帳號|帳戶|계정|حساب
verif|authenticat|sign(?:ing)?[ -]?in|sign(?:ing)?[ -]?up|log(?:ging)?[ -]?(?:in|on)|login
confirm (?:your|the|that|it)|reset|activate|two[- ]factor|two[- ]step|2fa|didn['’]t (?:request|try|sign|ask)
did not request|never (?:share|ask)|do(?: not|n['’]t) share|expires? in|valid for
complete (?:your )?(?:registration|sign)|approv|authori[sz]
bestätig|verifizier|anmeld|einlogg|zurücksetz|aktivier|nicht (?:angefordert|angefragt)|niemals weiter|nicht weiter
gültig|läuft .{0,20}ab|registrier|an(?:zu)?melden|ein(?:zu)?loggen|zu verifizieren|koppel[nt]
vérifi|confirm|connexion|connecter|réinitialis|valable|expire|ne (?:le )?(?:partagez|communiquez)
n['’]êtes pas à l['’]origine|inscription
iniciar sesión|inicio de sesión|restablec|caduca|válido|no (?:lo )?compart|no (?:has )?solicit|registro|acceder
verific
conferm|accesso|accedere|reimpost|scade|valido|non condivid|non hai richiesto|registrazione
confirm|entrar|redefin|expira|válid|não compartilh|não partilh|não solicit|cadastro|aceder
bevestig|verifi|inlogg|in te loggen|aanmeld|aan te melden|koppel|geldig|verloopt|deel .{0,20}niet|niet aangevraagd
potwierd|zweryfik|logowani|zalog|ważny|wygas|nie udostępniaj|nie podawaj|rejestrac
подтвер|вход|войти|регистрац|действ|никому не|не (?:сообщайте|запрашивали)|сброс|восстановл|авториз
doğrula|giriş|onayla|geçerli|paylaşmay|süresi|sıfırla|kayıt
認証|ログイン|有効期限|本人確認|心当たり|再設定|登録|验证|驗證|登录|登入|登錄|注册|註冊|有效|泄露|洩漏|重置|인증
로그인|유효|가입|타인|비밀번호|التحقق|تسجيل|صالح|صلاحية|لا تشارك|تنتهي|تأكيد
verifier|bekräft|logga in|logge? (?:inn?d?|på)(?![^\W\d_])|giltig|bekræft|bekreft|gyldig
vahvist|kirjaud|voimassa|ověř|přihlás|platn|ellenőr|érvényes
bejelentkez|valabil|autentific|xác (?:minh|thực|nhận)|đăng nhập|hiệu lực|masuk|berlaku|verifikasi|επαλήθ|σύνδεσ
ισχύει|אימות|התחברות|תקף|सत्याप|मान्य|लॉगिन|ยืนยัน|เข้าสู่ระบบ
επιβεβαι|συνδεθ|εισέλθ|είσοδ|λήγει|λογαριασμ|εγγραφ|επαναφορ|κοινοποι|μοιραστ|αγνοήστε|ταυτότητ
להתחבר|כניסה|לאמת|לאשר|אישור|הרשמה|חשבון|איפוס|לאפס|אין לשתף|להעביר|תוקף|להזין|התעלמ
साइन ?इन|पुष्टि|खात|पासवर्ड|साझा न|वैध|समाप्त|रीसेट|पंजीकरण|अनदेखा|दर्ज करें
รหัสผ่าน|บัญชี|หมดอายุ|ภายใน|ห้าม(?:เปิดเผย|บอก|แชร์)|อย่า(?:เปิดเผย|บอก|แชร์)|สมัคร|ลงทะเบียน|รีเซ็ต|ล็อกอิน|ใช้ได้
xác minh|đăng ký|tài khoản|đặt lại|hết hạn|không chia sẻ|tuyệt đối|bỏ qua
memverifikasi|konfirmasi|mengatur ulang|atur ulang|kata sandi|kata laluan|akun\b|akaun|kedaluwarsa|kadaluarsa|jangan
daftar\b|pendaftaran
log masuk|sah selama|pengesahan|sahkan|abaikan|mendaftar
oturum|hesab|kimse|üyelik|süre|talep etmediyseniz|dikkate almay|doldu|yapmadıysanız
увійти|увійд|реєстрац|дійсн|облік|пароль|нікому|скиданн|підтверд|ігнор|авторизац|відновл
autentific|confirm|conect|înregistr|resetare|parol|expiră|nu (?:o |îl )?(?:comunica|distribui|împărtăș)|ignora|valabil
contul
megerősít|fiók|regisztr|visszaállít|lejár|ne oszd|ne ossza|hagyd figyelmen|hagyja figyelmen|belép|azonosít|hitelesít
potvr[dď]|potvrz|přihlaš|účt|účet|registrac|vyprší|nesděluj|neposkytuj|nezdieľaj|obnov|prihlás|prihlas|overen|overi
ignoruj|ověř
todenna|tunnistau|rekisteröi|tili(?:si|n|lle)|vanhene|älä jaa|nollaa|palauta|salasan|jätä huomiotta
log(?:ge)? ind|udløber|gyldig|konto|nulstil|bekræft|verificer|ignorer|del ikke|registrer|utløper|tilbakestill|bekreft
logga in|verifiera|återställ|registrer|dela (?:den |inte|aldrig)|ignorera|går ut|upphör|staðfest|innskrán|gildir|aðgang
потвърд|влез|парол|вход|споделяйте|валид|изтича|регистрац|акаунт|профил|prijav|potvrd|lozink|važi|vrijedi|račun
ne dijelite|ne delite|istič|istek
пријав|потврд|лозинк|важи|налог|geslo|velja|potrdi|потвърж
prisijung|patvirtin|galioja|paskyr|slaptažod|nesidalin|apstiprin|pieslēg|derīg|parole|kont[saiu]\b|kinnita|sisselog
logi sisse|parool|kehti|aegub
inici(?:ar?|o) (?:la )?sess|verifica|contrasenya|compte\b|caduca|no (?:el |la )?comparteix|restablir|contrasinal
egiaztat
যাচাই|লগ ?ইন|পাসওয়ার্ড|শেয়ার করবেন না|মেয়াদ|অ্যাকাউন্ট|சரிபார்|உள்நுழை|கடவுச்சொல்|பகிர வேண்டாம்|ధృవీకర|లాగిన్
huwag|mag-?log ?in|uthibitish|ingia|nenosiri|usishiriki|akaunti|verifikasie|wagwoord|meld aan|rekening
ورود|تأیید|تایید|حساب|رمز عبور|معتبر|منقضی|در اختیار|ثبت[ \u200c]?نام|بازیابی|تصدیق|لاگ ان|اکاؤنٹ|شیئر نہ|پاس ورڈ
مصادقة|دخول|تفعيل|إعادة تعيين|انتهاء|تجاهل|سري|هوية|تسجيل
身份|校验|找回|绑定|綁定|本人操作|请勿|請勿|切勿|失效|过期|過期|勿告|账户安全|核验|转发给|轉發
サインイン|認証|新規登録|会員登録|アカウント|再設定|リセット|無効|破棄|教えない|共有しない|第三者|本人
본인|계정|재설정|만료|공유하지|알려주지|무시|회원|접속|로그온
"""

_SALES = r"""
checkout|% off|discount|coupon|promo|sale\b|deal|save \d|save up|free shipping|shop now|black friday|gift|offer
newsletter|rabatt|gutschein|angebot|sparen|einkauf|warenkorb|réduction|promo|soldes|remise|panier|descuento|oferta
rebaja|compra|sconto|offerta|saldi|acquist|desconto|promoç|korting|aanbieding|rabat|zniżk|promocj|wyprzeda|zakup
скидк|промокод|акци|распродаж|indirim|kampanya|fırsat|alışveriş|割引|クーポン|セール|お買い物|优惠|折扣|促销|할인
쿠폰|세일|خصم|عرض|(?<![^\W\d_])rea\b|tilbud|tarjous|sleva|akció|reducere|giảm giá|diskon|έκπτωση|מבצע
cassa\b|risparmi|an der kasse|en caisse|à la caisse|en caja|no caixa|przy kasie|kasada|на кассе|ταμείο
kassalla|i kassen|pénztár|pokladn
cumulab|cumulable|kombinierbar|🎁|promotion|in store|basket|shopping|akcii|popust|nuolaid|atlaid|allahindlus|alennus
kortingscode|voucher
descompte|rebaix|promocij|ส่วนลด|โปรโม|ছাড়|छूट|تخفیف|رعایت|优惠|滿減|满减|折抵|特典
"""

_BOOKING = r"""
booking|reservation|itinerary|check-?in\b|flight|hotel|your stay|boarding|your trip|buchung|reservierung|flug\b
réservation|votre séjour|vol\b|reserva\b|vuelo|prenotazione|soggiorno|voo\b|hospedagem|boeking|vlucht|rezerwacj
lot\b|бронирован|рейс|rezervasyon|uçuş|予約|宿泊|搭乗|预订|航班|酒店|예약|항공|حجز
order (?:is )?confirm|your order|thank you for your (?:order|purchase)|confirmation of your order|has shipped
out for delivery
"""

# Hebrew and Arabic, which put articles before a word; India, Thailand, Laos, Burma, Cambodia, China, Japan and Korea.
_UNSPACED = re.compile("[\u0590-\u06ff\u0900-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\uffff]")
UNIT = later(
    r"\s*(?:-\s*)?(?:minutes?|min(?:u?u?t[^\W\d_]{0,5}|út[^\W\d_]{0,4})\b|perc|нед|хвилин|секунд|годин|мин|שעות|דקות|"
    r"మినిట|నిమిష|ನಿಮಿಷ|മിനിറ്റ|મિનિટ|ਮਿੰਟ|මිනිත්තු|នាទី|ນາທີ|मिनेट|မိနစ်|ደቂቃ|წუთ|րոպե|minut|λεπτ|ώρ|मिनट|घंट|นาที"
    r"|ชั่วโมง|phút|giờ|menit|jam\b|jaz|dəqiqə|dakk|perces|órá|nap\b|timer?\b|dage?\b|dager\b|tuntia|päiv|sekun|"
    r"hod(?:in|iny)?\b|dn[íiů]\b|sat[ai]?\b|ur[aeo]?\b|ساعة|ثان|মিনিট|நிமிட|mínútu|klukku|minit|dakika|দিন|منٹ|"
    r"mins?\b|min\.|hours?|hrs?\b|h\b|days?|seconds?|secs?\b|weeks?|months?|"
    r"years?|minuten?|stunden?|std\b|tagen?|sekunden?|jours?|heures?|minutos?|horas?|días?|segundos?|"
    r"minuti|minuto|ore\b|ora\b"
    r"|giorni|dias?|minut\b|minuty|godzin|dni\b|uur\b|uren|dagen|минут|час|дн|секунд|dakika|saat|gün|"
    r"saniye|分|时|時|小时|小時|秒|天|日|분|시간|일\b|초|دقيق|دقائق|ساع|يوم|kb\b|mb\b|gb\b|km\b|kg\b|px\b|"
    r"ml\b|kwh|users?\b|people|customers"
    r"|subscribers|visits|views|orders|items|points|punkte|points|puntos|punti|pontos|punten|punktów|puan|"
    r"баллов|円|元|원|ポイント|積分|积分|件|人|명|members|mitglieder|teilnehmer|employees|mitarbeiter|"
    r"downloads|followers|reviews|photos|steps|calories|words|pages)",
    re.IGNORECASE,
)


def _any(listed: str, inside: bool = False) -> re.Pattern[str]:
    """One expression for the stems of a list, to be asked of `folded` text only."""
    return later(partial(_expression, listed, inside))


def folded(text: str) -> str:
    """Text in small letters, as long as it was: what the lists are compared with."""
    low = text.lower()
    return low if len(low) == len(text) else "".join([c.lower() if len(c.lower()) == 1 else c for c in text])


def _expression(listed: str, inside: bool) -> str:
    """One expression for the stems of a list; where a script has spaces, a stem starts a word (or is `inside` one).

    It is sorted by first letters, which makes it ten times as fast as the list as it stands.
    """
    stems = [stem for line in listed.strip().replace("|\n", "|").splitlines() for stem in alternatives(line)]
    start = r"(?<![^\W\d_])" if not inside else ""
    spaced = by_letter([_small(stem) for stem in stems if not is_unspaced(stem)])
    unspaced = by_letter([_small(stem) for stem in stems if is_unspaced(stem)])
    return f"{start}(?:{spaced})|{unspaced}" if unspaced else f"{start}(?:{spaced})"


def _small(stem: str) -> str:
    return re.sub(r"\\.|[A-ZÀ-Þ]", lambda found: found[0] if found[0][0] == "\\" else found[0].lower(), stem)


def by_letter(stems: list[str]) -> str:
    """The stems as one alternative for each letter that they begin with, in which they keep their order."""
    return "|".join(_gathered([one for stem in stems for one in _spread(stem)]))


def _gathered(stems: list[str]) -> list[str]:
    """Those that begin with the same letter as one expression; what begins with anything else comes last."""
    buckets: dict[str, list[str]] = {}
    for stem in stems:
        first = stem[:1] if stem[:1].isalpha() and stem[1:2] not in ("?", "*", "{", "+") else ""
        buckets.setdefault(first, []).append(stem[len(first) :])
    rest = buckets.pop("", [])
    return [
        f"{first}(?:{'|'.join(ends)})" if len(ends) > 1 else first + ends[0] for first, ends in buckets.items()
    ] + rest


def _spread(stem: str) -> list[str]:
    """`(?:ab|ac|b)d` as `a(?:b|c)d` and `bd`."""
    if not stem.startswith("(?:"):
        return [stem]
    depths = accumulate([(c in "([") - (c in ")]") for c in stem])
    at = next((number for number, depth in enumerate(depths) if not depth), len(stem))
    if stem[at + 1 : at + 2] in ("?", "*", "{", "+"):
        return [stem]
    starts = [one for start in alternatives(stem[3:at]) for one in _spread(start)]
    return [start + stem[at + 1 :] for start in _gathered(starts)]


def alternatives(line: str) -> list[str]:
    """The stems of one line, which `|` separates unless it stands in brackets."""
    found, depth = [""], 0
    for c in line:
        depth += (c in "([") - (c in ")]")
        if c == "|" and not depth:
            found.append("")
        else:
            found[-1] += c
    return found


def is_unspaced(stem: str) -> bool:
    """Whether these are stems of scripts that put articles or nothing at all before a word."""
    return len(_UNSPACED.findall(stem)) * 3 > sum(c.isalpha() for c in stem)


ACCESS = _any(_ACCESS)
OTHER = _any(_OTHER)
CODE = _any(_CODE)
PERHAPS = _any(f"{_PERHAPS}\n{_LASTING.strip()}")
PASSWORD = _any(_LASTING)
VERBS = _any(_VERBS)
SALES = _any(_SALES, inside=True)
BOOKING = _any(_BOOKING)


TRADE = later(
    r"parcel|package|colis|paket|paquete|pacco|pakket|paczk|посылк|kargo|配送|包裹|快递|택배|receipt|invoice"
    r"|your order"
    r"|order (?:#|no|confirm)|purchase|payment (?:received|confirm)|statement|shipped|delivery|rechnung|bestellung"
    r"|quittung|beleg|facture|commande|reçu|factura|pedido|recibo|fattura|ordine|ricevuta|fatura\b|encomenda|factuur"
    r"|bestelling|faktura|zamówieni|paragon|заказ|счет|счёт|чек"
    r"|sipariş|注文|領収|請求|订单|发票|訂單|주문|영수증|طلب رقم|فاتورة"
    r"|čeks|kvīts|rēķin|kviitung|\barve\b|kuitti|kvittering|kvitto|račun za|nyugta|számla|bon fiscal|chitanț|factur"
    r"|τιμολόγ|απόδειξ|קבלה|חשבונית"
    r"|ใบเสร็จ|hóa đơn|struk\b|resit|kassabon|scontrino|レシート|小票"
    r"|sale\b|% off|rabatt|korting|return label|payment approved|pagamento (?:autorizz|ricev)|pago (?:aprob|recib)"
    r"|compra aprob|paiement (?:accept|reçu)|zahlung erhalt|betaling (?:ontv|gesl)|płatność (?:przyj|zaak)|оплата прош"
    r"|ödeme alın|返品|退货|반품",
    re.IGNORECASE,
)
