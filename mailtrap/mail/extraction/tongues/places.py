"""Where a code is typed and what it is made of, in some sixty languages."""

#: Where a code is typed.
PLACE = """
en  box|field|screen|window|page|app|form|prompt|keypad|tab|dialog|terminal|site|website|browser|device|tv|console
en  phone
de  feld|feldes|kästchen|fenster|bildschirm|seite|maske|app|formular|browser|gerät|fernseher|eingabe-|display
de  terminal|website
lb  feld|fënster|säit|app|ecran|browser
nl  vak|vakje|veld|venster|scherm|pagina|app|formulier|toestel|tv|browser|website|site
af  blokkie|veld|venster|skerm|bladsy|toep
fr  case|champ|fenêtre|écran|page|appli|application|formulaire|site|navigateur|appareil|masque|téléviseur|encadré
fr  clavier
es  casilla|recuadro|campo|ventana|pantalla|página|app|aplicación|formulario|sitio|navegador|equipo|dispositivo|web
es  cuadro
ca  casella|camp|finestra|pantalla|pàgina|app|aplicació|formulari|navegador|dispositiu
gl  caixa|campo|xanela|pantalla|páxina|aplicación|formulario
pt  caixa|campo|janela|tela|ecrã|página|app|aplicativo|aplicação|formulário|site|navegador|aparelho|dispositivo
pt  quadro
it  casella|campo|finestra|schermo|schermata|pagina|app|applicazione|modulo|sito|browser|dispositivo|riquadro
ro  caset-|câmp-|fereastr-|ecran-|pagin-|aplica-|formular-|site-|browser-|dispozitiv-
sv  ruta-|fält-|fönst-|skärm-|sida-|sidan|appen|app|formulär-|webbläsar-|enhet-|webbplats-
da  felt-|ruden|rude|vindu-|skærm-|side|siden|appen|app|formular-|browser-|enhed-|boks-
no  felt-|ruten|rute|ruta|vindu-|skjerm-|side|siden|appen|app|skjema-|nettleser-|enhet-|boks-
is  reit-|glugg-|skjá-|síðu-|appi|appinu|form-
fi  ruu-|kent-|ikkun-|näyt-|sivu-|sovellu-|lomak-|selai-|lait-|laatik-
et  kast-|väl[ij]-|aken|akna|akn-|ekraan-|leh[et]-|rakendus-|äpp-|vorm-|lahtri-
lv  lodzi-|lauk-|log[āsau]-|ekrān-|lap[āaue]-|lietot-|veidlap-|ierīc-
lt  laukel-|lauk-|lang-|ekran-|puslap-|programėl-|form-|įrengin-
pl  okien-|okn-|pol[eau]|ekran-|stron-|aplikacj-|formularz-|przeglądark-|urządzen-|telewizor-|rubry-
cs  políč-|pol[ei]|okn-|okén-|obrazov-|stránk-|aplikac-|formulář-|prohlížeč-|zařízen-|kolonk-
sk  políč-|pol[ea]|okn-|okien-|obrazov-|stránk-|aplikác-|formulár-|prehliadač-|zariaden-|kolónk-
sl  polj-|okn-|okenc-|zaslon-|stran[iu]|aplikacij-|obraz-|brskalnik-|naprav-
hr  polj-|prozor-|zaslon-|ekran-|stranic-|aplikacij-|obraz-|preglednik-|uređaj-|kućic-
sr  пољ-|прозор-|екран-|страниц-|апликациј-|образ-|уређај-
mk  пол[еa]-|прозор-|екран-|страниц-|апликациј-|образец-|уред-
bg  пол[еа]-|прозор-|екран-|страниц-|приложени-|формуляр-|браузър-|устройств-|кутийк-|сайт-
ru  окошк-|окн-|пол[еяю]|экран-|страниц-|приложени-|форм[уеы]|браузер-|сайт-|устройств-|клеточ-|строк[ауеи]
uk  віконц-|вікн-|пол[еіяю]|екран-|сторінц-|застосун-|додат-|форм[уі]|браузер-|сайт-|пристро-|рядок
be  акн-|акенц-|пол[еі]|экран-|старонц-|дадат-|форм[уе]|сайт-
hu  mező-|ablak-|képernyő-|oldal-|alkalmaz-|űrlap-|böngésző-|eszköz-|rubrik-|négyzet-|felület-
el  κουτ-|πεδί-|παράθυρ-|οθόν-|σελίδ-|εφαρμογ-|φόρμα-|πλαίσι-|συσκευ-
tr  kutu-|alan[ıa]-|alana|pencere-|ekran-|sayfa-|uygulama-|form[ua]-|tarayıcı-|cihaz-
az  xana-|sahə-|pəncərə-|ekran-|səhifə-|tətbiq-
kk  өріс-|терезе-|экран-|бет-|қосымша-|сайт-
uz  maydon-|oyna-|ekran-|sahifa-|ilova-
sq  fush-|kuti-|dritare-|ekran-|faqe-|aplikacion-
mt  kaxx-|paġn-|skrin
ga  bosca|scáileán|leathanach
cy  blwch|sgrin|tudalen|ap
eu  laukian|leiho-|pantaila-|orri-|aplikazio-|koadro-
eo  kampo-|fenestro-|ekrano-|paĝo-|apo|apon
he  תיבה|תיבת|בתיב|שדה|חלון|מסך|דף|בעמוד|אפליקצי|טופס|אתר|דפדפן
ar  المربع|الخانة|خانة|الحقل|حقل|النافذة|نافذة|الشاشة|شاشة|الصفحة|صفحة|التطبيق|تطبيق|الموقع|النموذج
fa  کادر|فیلد|پنجره|صفحه|برنامه|سایت|فرم
ur  خانے|باکس|اسکرین|صفحے|ایپ|ویب
hi  बॉक्स|खाने|फ़ील्ड|स्क्रीन|पेज|ऐप|विंडो|फ़ॉर्म|वेबसाइट
mr  चौकटी|रकान्यात|स्क्रीन|अॅप|पान
ne  बाकस|स्क्रिन|एप|पृष्ठ
bn  ঘরে|বক্সে|স্ক্রিন|পেজ|পাতায়|অ্যাপ|উইন্ডো
pa  ਬਾਕਸ|ਸਕ੍ਰੀਨ|ਐਪ|ਪੰਨੇ
gu  બૉક્સ|બોક્સ|સ્ક્રીન|એપ|પેજ
ta  பெட்டியில்|திரையில்|பக்கத்தில்|செயலியில்|புலத்தில்
te  బాక్స్|స్క్రీన్|పేజీ|యాప్
kn  ಬಾಕ್ಸ್|ಪರದೆ|ಪುಟ|ಆ್ಯಪ್|ಅಪ್ಲಿಕೇಶನ್
ml  ബോക്സ|സ്ക്രീന|പേജ|ആപ്പ
si  කොටුව|තිරය|පිටුව|යෙදුම
th  ช่อง|หน้าจอ|หน้าต่าง|หน้าเว็บ|แอป|เว็บไซต์|แบบฟอร์ม
lo  ຊ່ອງ|ໜ້າຈໍ|ແອັບ
km  ប្រអប់|អេក្រង់|កម្មវិធី|ទំព័រ
my  အကွက်|မျက်နှာပြင်|စာမျက်နှာ|အက်ပ်
vi  ô|màn hình|cửa sổ|trang|ứng dụng|biểu mẫu|khung
id  kotak|kolom|layar|jendela|halaman|aplikasi|formulir|situs|skrin|ruangan|tetingkap|medan
fil kahon|screen|app|pahina|bintana
sw  sanduku|kisanduku|skrini|ukurasa|programu|dirisha
am  ሳጥን|ገጽ|መተግበሪያ|ስክሪን
ka  ველ-|ფანჯ-|ეკრან-|გვერდ-|აპ(?:ში|ლიკ)-|საიტ-|უჯრა-
hy  դաշտ-|պատուհան-|էկրան-|էջ-|հավելված-|կայք-|վանդակ-
mn  нүд-|талбар-|цонх-|дэлгэц-|хуудас-|апп-
ja  枠|欄|画面|ページ|アプリ|フォーム|ウィンドウ|ボックス|サイト|ブラウザ|端末|テレビ
ko  칸|입력란|화면|페이지|앱|창에|웹사이트|사이트|기기|브라우저
zh  框|栏|欄|页面|頁面|屏幕|螢幕|窗口|视窗|視窗|网页|網頁|应用|網站|网站|客户端|界面|电视|空格
"""

#: What names a thing one gets in with, where no word for `code` does: keys, tokens, passes, digits.
KEYS = """
en  key|token|magic number|secret|digits|figures|characters|numbers|combination|pass|passcode|phrase|string
en  number that
de  schlüssel|ziffern|zahlenfolge|zahlenkombination|zahlen|einmalkennung|losung|losungswort|zugangskennung
de  freigabenummer|kombination|zeichenfolge|folge|zahlenkette
nl  sleutel|cijfers|cijferreeks|cijfercombinatie|getal|tekens|combinatie|pincodetje|cijfercode
fr  clé|clef|chiffres|combinaison|jeton|sésame|caractères|code|numéro suivant|suite
es  llave|clave|cifras|dígitos|números|combinación|ficha|caracteres|token|serie
ca  clau|xifres|dígits|números|combinació
pt  chave|dígitos|números|algarismos|combinação|token|caracteres|sequência|série
it  chiave|cifre|numeri|combinazione|token|caratteri|gettone|pin dispositivo|sequenza|serie
ro  cheia|cheie|cifre|cifrele|caractere|combinația|token
sv  nyckel|nyckeln|siffror|siffrorna|siffran|tecken|sifferkombination-|sifferföljd-
da  nøgle|nøglen|cifre|cifrene|tal|tallet|tallene|tegn|talkode|talrække
no  nøkkel|nøkkelen|sifre|sifrene|siffer|tall|tallet|tallene|tegn|tallkode|tallrekke
is  lykill|tölur|tölustafir|stafir
fi  avain|avaimesi|numerot|numeroa|numeroina|luvut|lukua|numerosarja|merkit|merkkiä|tunnusluku|kertatunnus
et  võti|numbrit|numbrid|numbrikombinatsioon|märki
lv  atslēga|cipari|ciparu|ciparus|simboli
lt  raktas|skaitmenys|skaitmenų|skaičiai|simboliai
pl  klucz|cyfry|cyfr|cyfrę|liczba|liczbę|znaki|znaków|token|ciąg|ciągu
cs  klíč|číslic|číslice|čísla|znaky|znaků|kombinace|řetězec|řada
sk  kľúč|číslic|číslice|čísla|znaky|kombinácia
sl  ključ|števke|znaki
hr  ključ|znamenke|znamenki|brojevi|brojke|cifre|znakova
sr  кључ|цифре|цифара|бројеви|бројке|знакова
mk  клуч|цифри|цифрите|броеви|бројки
bg  ключ|цифри|цифрите|числа|знаци|комбинация
ru  ключ|цифр|цифры|цифрами|числа|символы|символов|комбинация|токен|последовательность|набор цифр
uk  ключ|цифр|цифри|цифрами|числа|символи|символів|комбінація
be  ключ|лічбы|лічбаў
hu  kulcs|kulcsa|számjegy|számjegyet|számjegyek|számok|számot|karakter|karaktert|számsor|jelsor
el  κλειδί|ψηφία|αριθμοί|αριθμούς|χαρακτήρες|συνδυασμός
tr  anahtar|anahtarınız|rakam|rakamı|rakamlar|hane|sayı|sayıyı|karakter
az  açar|rəqəm|rəqəmlər
kk  кілт|сан|цифр|коды|кодыңыз|кодты
uz  kalit|raqam|raqamlar|kod|kodi|kodingiz
sq  çelësi|shifrat|numrat|kodi|kodin|kodit
he  מפתח|ספרות|הספרות|מספרים|תווים|אסימון
ar  مفتاح|الأرقام|أرقام|الحروف
fa  کلید|ارقام|عدد
ur  ہندسے
hi  अंक|अंकों|कुंजी
bn  অঙ্ক
th  ตัวเลข|หลัก|กุญแจ
vi  chữ số|con số|dãy số|khóa|ký tự
id  kunci|angka|digit|karakter|nomor berikut
sw  tarakimu|ufunguo
ka  ციფრ-|გასაღებ-
hy  թվանշան-|բանալի-|կոդը|կոդն|կոդի|կոդ
ja  数字|キー|合言葉|文字|桁
ko  숫자|키|자리|암호|문자
zh  数字|數字|密钥|口令|暗号|位数|字符
ky  коду|кодуңуз|кодду
tg  рамз|рамзи|код|коди
mt  kodiċi|numru ta
cy  cod|côd
ga  cód|chód
zu  ikhodi|ikhowudi|inombolo
so  koodh-|lambar-
ht  kòd
ku  kod|koda|şîfre
ha  lambar|lambobi
yo  koodu|nọ́mbà
am  ኮድ|ቁጥር
km  លេខកូដ|កូដ
my  ကုဒ်|ကုတ်
lo  ລະຫັດ
"""
