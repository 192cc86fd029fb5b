"""How mail asks to type a code, in some sixty languages."""

#: What asks to type, to read out or to take over what stands beside it.
TYPE = """
en  enter|type|key in|punch|tap|pop|put|copy|paste|input|insert|submit|read (?:out|back|us)|read the following|tell
en  repeat|quote|give|supply|present|show|say|fill in|reply with|answer with|drop|plug|dial|use|write|respond with
en  tap in
de  eingeben|eintippen|eintragen|tipp-|gib|geben|trag-|übertrag-|übernehm-|nenn-|notier-|kopier-|schreib-|nutz-
de  verwend-|hinterleg-|vorzeig-|zeig-|lesen|lies|wiederhol-|einfüg-|fügen|füge|tast-|drück-|antworten|antworte
de  teilen
lb  tipp-|gitt|gëff-|benotzt-|dréckt|schreift-
nl  typ|typt|typen|tik|toets-|voer|vul|neem|neemt|schrijf|gebruik-|plak|kopieer|noem|geef|lees|herhaal|overnemen
nl  overtypen|invoeren|invullen|intoetsen|antwoord|antwoordt|meld
af  tik|sleutel|voer|gebruik|skryf
fr  tapez|tape|taper|saisi-|entr(?:ez|er|e)|recopi-|copiez|copier|copie|collez|coller|reportez|reporter|inscri-
fr  indiqu-|renseign-|composez|composer|communiqu-|dictez|dicter|donn(?:ez|e|er)|écri-|utilis-|rentr-|not(?:ez|e|er)
fr  munissez-|présent-|rappel-|répét-|répond-|mets|mettez|balance|envoyez
es  escrib-|teclé-|tecle-|ingres-|introduc-|introduz-|introduci-|pon|ponga|anota|anote|copia|copie|pega|pegue|digit-
es  marca|marque|dile|diga|dígale|indica|indique|usa|use|utili-|captur-|inserta|inserte|proporcion-|facilita|facilite
es  facilitar|repite|repita|rellena|mete|poné|ingresá|escribí|copiá|pegá|usá|tipeá|decile|cargá|cargue|carga|poner
es  respond-|mandá|envía|presenta|presente|indicá
ca  escri-|introdu-|introdueix|tecleja|copia|enganxa|indica|posa|utilitza|marca|respon|respongui
gl  escrib-|introduc-|introduza|teclea|copia|pon|indica|usa
pt  escrev-|digit-|insir-|inser-|inform-|coloqu-|introdu-|copi-|col(?:e|a)|cola|us(?:e|a)|utiliz-|preench-|repita
pt  indiqu-|dig(?:a|ite)|teclhe|tecle|marque|forneç-|marc(?:a|ar)|respond-|apresent-|põe|ponha|mete|meta
it  scriv-|digit-|inser-|inser(?:isci|ire)|immett-|riport-|ricopi-|copi(?:a|are)|incoll-|batt-|us(?:a|i|are)|utilizz-
it  comunic-|indic(?:a|hi|are)|ripet-|componi|dett-|mett-|leggi|rispond-|fornisc-|metti|metta|esib-
ro  scrie-|introdu-|tast-|copia-|completa-|folos-|pune-|comunica-|indica-|spune-|lipi-|răspund-
sv  skriv-|ange|anges|fyll|knappa|mata|slå|använd-|tryck|klistra|kopiera|uppge|läs upp|säg|svara
da  indtast-|tast-|skriv-|angiv|brug|udfyld|indsæt|kopier|oplys|oplæs|slå
no  tast-|skriv-|oppgi|angi|bruk|fyll|slå|lim|kopier|les opp
is  sláðu|slá|skrifaðu|notaðu|settu|færðu|límdu
fi  syöt-|näppäil-|kirjoi-|anna|käytä|naput-|täytä|kopioi|liitä|lue|mainitse|toista|kerro|vastaa
et  sisesta-|trüki-|kirjuta-|tipi-|toksi-|kasuta-|kopeeri-|kleebi-|ütle-|anna
lv  ievad-|ierakst-|izmanto-|norād-|pārkop-|kopē-|nosauc-|iespied-
lt  įves-|įved-|įraš-|suves-|suved-|naudo-|nurod-|nukop-|kopij-|pateik-|surink-|paraš-
pl  wpis-|wpisz|wprowad-|przepi-|poda(?:j|ć|jcie)|użyj|wklej-|wklep-|wstuk-|napisz|skopiuj|wystuk-|odczytaj|przekaż
pl  wpisan-|odpowiedz|odpowiada-|podając|wciśnij|użyć
cs  zade(?:j-|jte)|zadat|opi(?:š-|sat)|napi(?:š-|sat)|vlož-|vepi(?:š-|sat)|vypl-|použi-|zkopír-|dopl-|nadikt-|uveď-
cs  uveďte|sděl-|naťuk-|odpovězte
sk  zada(?:j-|ť)|odpíš-|opíš-|napíš-|vlož-|vpíš-|vypl-|použi-|skopír-|dopl-|uveď-|naťuk-
sl  vnes-|vpiš-|vtipk-|prepiš-|uporab-|natipk-|kopir-|navedi-|odtipk-|napiš-
hr  unes-|upiš-|upis-|prepiš-|utipk-|ukuc-|koristi|koristite|iskoristi-|kopiraj-|nave(?:di|dite)|recite|natipk-
hr  otkuc-
sr  унес-|упиш-|препиш-|укуц-|откуц-|користи|користите|копирај-|навед-
mk  внес-|впиш-|препиш-|искорист-|користете|напиш-|копирај-|отчук-
bg  въвед-|въвеж-|впиш-|напиш-|използ-|изпис-|копир-|постав-|посоч-|набер-|препиш-|кажете
ru  введ-|ввод-|впиш-|впис-|напиш-|напечат-|набер-|набир-|укаж-|использ-|скопир-|встав-|назов-|продикт-|сообщите
ru  вбей-|переп-|отправьте|ответьте|ввести
uk  введ-|введіть|впиш-|напиш-|надрук-|набер-|вкаж-|використ-|скопію-|встав-|назв-|продикт-|уведі-|уведіть|скориста-
uk  відповідайте|ввести
be  увядз-|увод-|упіш-|напіш-|набяр-|выкарыст-|скапір-
hu  írja|írd|írjuk|beír-|gépel-|üss-|adja|add|adjuk|használ-|másol-|illessz-|pötyög-|olvassa|diktál-|tölts-|válaszol-
el  πληκτρολογ-|εισ[αά]γ-|εισάγετε|γράψ-|δώσ-|καταχωρ-|καταχωρίσ-|συμπληρ-|βάλ-|αντιγρ-|επικολλ-|χρησιμοπ-|πείτε
tr  yaz-|gir|girin|giriniz|girerek|girmeniz|tuşla-|kullan-|kopyala-|yapıştır-|söyle-|bildir-|doldur-
az  daxil ed-|yaz-|istifadə|köçür-
kk  енгіз-|теріңіз|жазыңыз|пайдалан-|көшір-
uz  kirit-|yoz-|tering|foydalan-|киритинг
sq  shkru-|vendos-|shtyp-|futni|futeni|përdor-|kopjo-
mt  daħħal|ikteb|uża|ittajpja
ga  iontráil|clóscríobh|úsáid|cuir isteach
cy  rhowch|teipiwch|nodwch|defnyddiwch|teipia
eu  idatzi|sartu|erabili|teklea-|kopiatu|jarri
eo  tajpu|enigu|enmetu|uzu|skribu|kopiu
he  הזינ|הזן|הקליד|הקלד|רשמ|רשום|כתב|העתיק|הכניס|להזין|להקליד|למסור|הדביק|השתמש|מסרו|מלאו
ar  أدخل|ادخل|اكتب|أكتب|انسخ|الصق|ضع|استخدم|استعمل|بإدخال|إدخال|كتابة|اطبع|أخبر
fa  بنویس|وارد کن|وارد نم|کپی|تایپ|استفاده کن|درج کن|بزنید|اعلام کن
ur  درج کر|لکھ|استعمال کر|ٹائپ|داخل کر
hi  दर्ज|डालें|डालिए|लिखें|लिखिए|टाइप|भरें|भरिए|उपयोग कर|इस्तेमाल कर|पेस्ट|बताएं
mr  प्रविष्ट|टाका|लिहा|वापरा|भरा
ne  प्रविष्ट|लेख्नुहोस्|हाल्नुहोस्|टाइप
bn  লিখুন|দিন|প্রবেশ করান|ব্যবহার কর|টাইপ|বসান
pa  ਦਰਜ|ਭਰੋ|ਲਿਖੋ|ਟਾਈਪ|ਪਾਓ
gu  દાખલ|લખો|ટાઇપ|નાખો
ta  உள்ளிட|தட்டச்சு|எழுத|பயன்படுத்த
te  నమోదు|టైప్|ఎంటర్|వాడండి|ఉపయోగించ
kn  ನಮೂದಿಸ|ಟೈಪ್|ಬಳಸಿ|ಹಾಕಿ
ml  നൽകുക|നല്‍കുക|ടൈപ്പ്|ഉപയോഗിക്ക
si  ඇතුළත්|ඇතුල්|ටයිප්|භාවිත
th  พิมพ์|กรอก|ใส่|ป้อน|ใช้|แจ้ง|คัดลอก
lo  ປ້ອນ|ໃສ່|ພິມ
km  បញ្ចូល|វាយ|ប្រើ
my  ရိုက်|ထည့်|ဖြည့်|သုံးပါ
vi  nhập|gõ|điền|dùng|sử dụng|ghi|dán|đọc|chép
id  masuk(?:k)?an|ketik-|gunakan|isi|isikan|tulis-|salin|tempel-|sebutkan|input-|guna|taip|taipkan|pakai
fil ilagay|i-type|i-enter|itype|ipasok|gamitin|isulat|ilagda|ibigay
sw  weka|ingiza|andika|tumia|chapa|bandika
am  ያስገቡ|አስገባ|ይጻፉ|ይተይቡ|ተጠቀም
ka  შეიყვან-|აკრიფ-|ჩაწერ-|გამოიყენ-|ჩასვ-
hy  մուտքագր-|գրեք|օգտագործ-|հավաք-|ներմուծ-
mn  оруул-|бич(?:нэ)?-|ашигла-|хийнэ
ja  入力|打ち込|打って|記入|ご使用|お使い|使って|貼り付け|コピー|お伝え|入れて|ご利用|転記|ご記入|お書き
ko  입력|적어|넣어|쓰세요|사용하|복사|붙여|눌러|알려 주세요|말씀해
zh  输入|輸入|填入|填写|填寫|填上|里填|裡填|请填|請填|键入|鍵入|复制|複製|粘贴|貼上|使用|报出|敲入|回填|抄到|填进
zh  填到|输进|写进|填
"""

#: What a code is given as or with: `with 482913 you get in`, `by means of`.
BY = """
en  with|using|via|by entering|by typing|as
de  mit|mittels|über|per|durch
nl  met|via
fr  avec|grâce à|au moyen de|à l['’]aide de|par
es  con|mediante|usando
ca  amb|mitjançant
gl  con|mediante
pt  com|através de|usando
it  con|tramite|mediante|usando|da
ro  cu|prin|folosind
sv  med|genom
da  med|ved hjælp af
no  med|ved hjelp av
is  með
fi  avulla|koodilla|luvuilla|numerolla
et  abil|koodiga|numbriga
lv  ar|izmantojot
lt  su|naudojant
pl  z|ze|za pomocą|przez|dzięki|kodem|używając
cs  s|se|pomocí|kódem|přes
sk  s|so|pomocou|kódom|cez
sl  s|z|prek
hr  s|sa|pomoću|putem|kodom
sr  са|помоћу|путем
mk  со|преку
bg  с|със|чрез|посредством
ru  с|со|с помощью|при помощи|через|кодом
uk  з|із|за допомогою|через|кодом
el  με|με το|με τον|μέσω
tr  ile|kullanarak
vi  bằng|với
id  dengan|menggunakan
sq  me
he  באמצעות|בעזרת
ar  باستخدام|بواسطة
fa  با
ja  で
zh  用|凭|以
"""
