"""What mail with a code is about and says besides it, in some sixty languages."""

#: That it lasts for a while, works once, or is for nobody else: mail with codes says so, in whatever words.
LASTS = """
en  expir-|valid|good for|good until|works once|only once|works for|single use|time out|times out|runs out
en  self-destruct-|keep it to|keep this to|to yourself|do not share|don['’]t share|never ask|will never|nobody|no one
en  anyone else|ignore this|safely ignore|wasn['’]t you|not you|if you didn['’]t|if you did not|unless you
en  didn['’]t ask|did not ask|lapses|until
de  gilt|gelten|gültig|ungültig|läuft|verfällt|erlischt|abläuft|einmal|niemandem|niemand|weitergeben|für sich|geheim
de  ignorier-|falls sie (?:das|dies)|nicht angefordert|waren sie|nicht sie|keine sorge|minuten zeit
lb  gëlteg|leeft|keengem|ignoréiert
nl  geldig|verloopt|vervalt|eenmalig|één keer|eenmaal|niemand|voor jezelf|voor uzelf|negeer|niet aangevraagd|deel dit
nl  deel deze
af  geldig|verval|niemand|ignoreer|eenmalig
fr  valable|valide|expir-|périm-|une seule fois|qu['’]une fois|une fois|personne|ignor-|pour vous|confidentiel|gardez
fr  ne partagez|pas demandé|à l['’]origine
es  válid-|vence|caduca|expira|una vez|una sola|un solo|nadie|ignor-|no compart-|para ti|para usted|secreto
es  no solicit-|no fuiste|no has sido|no la des|dura
ca  vàlid-|caduca|expira|una vegada|un cop|ningú|ignor-|no comparteix-
gl  válid-|caduca|expira|unha vez|ninguén|ignor-
pt  válid-|expira|vence|uma vez|uma única|ninguém|ignor-|não compart-|não partilh-|só para|secreto|não solicit-
pt  não foi você|dura
it  valid-|scad-|vale|una volta|sola volta|nessuno|ignor-|non condivid-|per te|tienil-|non hai richiesto
it  non sei stato|dura
ro  valabil-|expir-|o singură|nimănui|ignor-|nu îl|nu o da|nu distrib-|nu ați solicitat
sv  gäller|giltig-|går ut|upphör|en gång|slutar|ingen|ignorera|för dig själv|dela inte|inte begärt
da  gælder|gyldig-|udløb-|én gang|en gang|ingen|ignorer|for dig selv|del ikke|ikke bedt
no  gjelder|gyldig-|utløp-|én gang|en gang|ingen|ignorer|for deg selv|ikke del|ikke gi|ikke bedt
is  gild-|renn-|einu sinni|engum|hunsaðu|ekki deila
fi  voimassa|vanhen-|umpeu-|kerran|kertakäyt-|kenellekään|älä|jätä|omana|et pyytänyt
et  kehti-|aegu-|ühe korra|kord-|kellelegi|kellegagi|ignoreeri-|ära jaga
lv  derīg-|beigsies|beidz|vienreiz|vienu reizi|nevienam|ignorē-|neizpau-
lt  galioj-|baigs-|vieną kartą|vienkart-|niekam|ignoruo-|nesidalin-|neatskleis-
pl  ważn-|wygas-|wygaś-|jednoraz-|tylko raz|raz|nikomu|zignor-|dla siebie|nie podaw-|nie udostęp-|działa|straci
cs  platí|platn-|vypr-|jednou|jednoráz-|nikomu|ignoruj-|neříkej-|nesděluj-|nežádal-
sk  platí|platn-|vyprš-|raz|jednoráz-|nikomu|ignoruj-|nezdieľ-|nehovor-
sl  velja-|veljav-|poteč-|enkrat|nikomur|prezr-|ne deli-
hr  vrijed-|važ-|istič-|istek-|jednom|jednokrat-|nikome|zanemar-|ignor-|ne dije-|ne del-
sr  важ-|истич-|истек-|једном|никоме|занемар-|не дел-
mk  важ-|истек-|еднаш|никому|игнор-|не споделув-
bg  валид-|изтич-|веднъж|еднократ-|никого|никому|игнор-|не споделяй-
ru  действ-|истек-|истеч-|один раз|одноразов-|никому|никто|игнор-|не сообща-|не запрашив-|не вы
uk  дійсн-|діє|дія|спли-|закінч-|один раз|одноразов-|нікому|ігнор-|не повідомл-|не запит-|не ви
be  дзейн-|сапраўдн-|аднораз-|нікому|ігнар-
hu  érvény-|lejár-|egyszer|senki-|hagyja|hagyd|ne oszd|ne adja|ne ossza
el  ισχύ-|λήγ-|λήξ-|μία φορά|μια φορά|κανέναν|κανείς|αγνοήστε|μην
tr  geçerli-|süre-|dolacak|dolar|bir kez|tek sefer-|kimse-|dikkate|görmezden|paylaşma-|siz değil-
az  etibarlı-|müddət-|heç kim-|bir dəfə
kk  жарамды|мерзім-|ешкім-|бір рет
uz  amal qiladi|muddat-|hech kim-|bir marta
sq  vlen|skado-|vlefsh-|një herë|askujt|askënd|injoro-
mt  validu|jiskadi|ħadd
ga  bailí|éag-|aon duine|in éag
cy  ddilys|dod i ben|neb
eu  balio-|iraung-|behin|inor-
eo  valida|eksvalid-|neniu-
he  תקף|בתוקף|תוקף|יפוג|פעם אחת|חד.פעמי|לאיש|אף אחד|התעלמ|סודי|אל תשתפ|אין לשתף|אין למסור
ar  صالح|صلاحي|تنتهي|ينتهي|مرة واحدة|لا تشارك|أحد|تجاهل|سري|لمدة|لم تطلب
fa  معتبر|منقضی|اعتبار|یک بار|یک‌بار|هیچ‌کس|هیچ کس|نادیده|محرمانه
ur  کارآمد|ختم|ایک بار|کسی|نظرانداز|نظر انداز|شیئر نہ
hi  मान्य|वैध|समाप्त|एक बार|किसी|साझा न|अनदेखा|नज़रअंदाज़
mr  वैध|मुदत|कोणा|शेअर करू नका|दुर्लक्ष
ne  मान्य|समाप्त|कसै|साझा नगर
bn  বৈধ|মেয়াদ|একবার|কাউকে|কারও|উপেক্ষা|শেয়ার করবেন না
pa  ਵੈਧ|ਮਿਆਦ|ਕਿਸੇ|ਸਾਂਝਾ ਨਾ
gu  માન્ય|સમાપ્ત|કોઈ|શેર કરશો નહીં
ta  செல்லுபடி|காலாவதி|ஒருமுறை|யாருடனும்|பகிர வேண்டாம்|பகிராதீர்
te  చెల్లుబాటు|గడువు|ఒకసారి|ఎవరితోనూ|పంచుకోవద్దు
kn  ಮಾನ್ಯ|ಅವಧಿ|ಯಾರೊಂದಿಗೂ|ಹಂಚಿಕೊಳ್ಳಬೇಡಿ
ml  സാധുവ|കാലഹരണ|ആരുമായും|പങ്കിടരുത്
si  වලංගු|කල් ඉකුත්|කිසිවෙකු
th  หมดอายุ|ใช้ได้|ครั้งเดียว|ห้าม|อย่า|ภายใน|มีอายุ|เพิกเฉย
lo  ໝົດອາຍຸ|ຄັ້ງດຽວ|ຢ່າ
km  ផុតកំណត់|មានសុពលភាព|កុំ|នាទី
my  သက်တမ်း|တစ်ကြိမ်|မပြောပါ|မမျှဝေ
vi  hiệu lực|hết hạn|một lần|không chia sẻ|bỏ qua|tuyệt đối|bất kỳ ai|cho ai
id  berlaku|kedaluwarsa|kadaluarsa|kadaluwarsa|sekali|siapa pun|siapapun|sesiapa|abaikan|jangan|luput|sah
fil mag-?e-?expire|may bisa|isang beses|kanino|huwag|balewalain
sw  muda|itaisha|mara moja|mtu yeyote|usishiriki|usimpe|puuza
am  ጊዜው|ያገለግላል|አያጋሩ|ለማንም
ka  მოქმედ-|ვადა|ერთჯერად-|არავის|ძალაშია
hy  վավեր-|ուժի մեջ|ժամկետ-|ոչ ոքի|մեկ անգամ
mn  хүчинтэй|дуус-|нэг удаа|хэнд ч
ja  有効|期限|無効|一度|一回|1回|誰にも|他人|第三者|教えない|共有しない|心当たり|破棄|無視|制限時間
ko  유효|만료|한 번|타인|누구에게도|공유하지|무시|알려주지|이내|안에
zh  有效|失效|过期|過期|一次|勿|不要告诉|不要告訴|他人|任何人|忽略|分钟内|分鐘內|非本人
ky  жарактуу|мөөнөт-
tg  эътибор
zu  izophelelwa|isikhathi|ungayabelani
so  dhacayaa|dhicitaan-|la wadaagin
ht  ekspire|pa pataje
ku  derbasdar
ha  ƙare|kada ka
yo  parí
"""

#: What one gets in to, or does to get in.
GETTING_IN = """
en  password|sign in|sign-in|log in|log-in|log into|sign into|account|profile|verif-|confirm-|identity|it['’]s you
en  it is you|is this you|was this you|that was you|really you|new device|this device|device|laptop|browser|unlock
en  register|registration|pair|paired|trust|approve|authori-|authenti-|reset|passkey|two-step|2fa|mfa|otp|join|invite
en  invited|link your|access|recover-|get in|get into|login|magic|chats|recogni[sz]e|pass|security|secure|two-factor
en  request
de  anmeld-|einlogg-|konto|profil|bestätig-|verifi-|identität|sind sie|waren sie|bist du|warst du|gerät-|kennwort
de  passwort|freischalt-|freigab-|freigeb-|entsperr-|registrier-|koppel-|kopplung|zugang|zugriff|zurücksetz-|login
de  hinein|beitret-|einlass|authent-|zwei-faktor|willkommen|sicherheit-|tan|mtan|pushtan|signier-|unterschr-
lb  umeld-|kont|passwuert|bestäteg-|aloggen
nl  inlog-|in te loggen|aanmeld-|account|profiel|bevestig-|verifi-|identiteit|ben jij|bent u|was jij|toestel|apparaat
nl  wachtwoord|ontgrendel-|registr-|koppel-|toegang|herstel-|beveilig-|welkom|onderteken-
af  aanmeld-|rekening|wagwoord|bevestig-|verifi-
fr  connex-|connect-|compte|profil|confirm-|vérif-|identi-|est-ce vous|c['’]est vous|appareil|mot de passe
fr  déverrouill-|débloqu-|inscri-|associ-|accès|accéd-|réinitial-|bienvenue|sécurit-|authenti-|signature|signer
fr  valid(?:er|ez|ation)
es  iniciar sesión|inicio de sesión|inicia sesión|cuenta|perfil|confirm-|verific-|identidad|eres tú|fuiste tú
es  es usted|dispositivo|contraseña|desbloque-|registr-|vincul-|acceso|acced-|entrar|restablec-|bienvenid-|segur-
es  autentic-|firmar|ingres(?:o|ar)
ca  inici-|sessió|compte|perfil|confirm-|verific-|identitat|ets tu|dispositiu|contrasenya|desbloqu-|registr-|accés
ca  accedir|benvingu-
gl  inici-|sesión|conta|perfil|confirm-|verific-|identidade|contrasinal|rexistr-|acceso|benvid-
pt  entrar|iniciar sessão|login|conta|perfil|confirm-|verific-|identidade|é você|foi você|és tu|aparelho|dispositivo
pt  senha|palavra-passe|desbloque-|regist-|cadastr-|vincul-|acess-|acesso|aced-|redefin-|recuper-|boas-vindas
pt  bem-vind-|segur-|autentic-|assinatura|assinar|pare-
it  acced-|accesso|login|account|profilo|conferm-|verific-|identità|sei tu|sei stato|dispositivo|password|sblocc-
it  registr-|abbin-|reimpost-|recuper-|benvenut-|sicurezza|autentic-|firmare|entrare
ro  conect-|autentific-|cont|contul|contului|profil-|confirm-|verific-|identit-|sunteți dumneavoastră|ești tu
ro  dispozitiv-|parol-|debloc-|înregistr-|asoci-|acces-|reset-|bun venit|securit-|intra|intre
sv  logga in|inlogg-|konto-|profil-|bekräft-|verifi-|identit-|är det du|var det du|enhet-|lösenord-|lås upp|registr-
sv  para ihop|åtkomst-|återställ-|välkommen|säkerhet-|signer-|legitimer-|komma in
da  log(?:ge)? ind|log på|konto-|profil-|bekræft-|verifi-|identit-|er det dig|var det dig|enhed-|adgangskode-|lås op
da  registr-|adgang-|nulstil-|velkommen|sikkerhed-|godkend-|komme ind|parr-
no  logg-|innlogg-|pålogg-|konto-|profil-|bekreft-|verifi-|identit-|er dette deg|var dette deg|er det deg|enhet-
no  passord-|lås opp|registr-|tilgang-|tilbakestill-|velkommen|sikkerhet-|godkjenn-|komme inn
is  innskrá-|skrá|reikning-|aðgang-|staðfest-|lykilorð-|velkomin-|öryggi-
fi  kirjaud-|kirjautu-|tili-|profiil-|vahvist-|todenn-|tunnist-|henkilöll-|oletko|olitko|laite|laitte-|salasan-|avaa
fi  rekister-|pariliit-|pääsy-|päästä|nolla-|palaut-|tervetul-|turval-|hyväksy-
et  logi-|sisselog-|konto-|profiil-|kinnita-|kinnitus-|tuvasta-|kas see oled|seade|seadme-|parool-|registr-|ligipääs-
et  pääse-|lähtest-|tere tulemast
lv  pieslē-|pierakst-|kont[aāsiu]-|profil-|apstiprin-|verific-|identit-|vai tas esat|ierīc-|parol-|reģistr-|piekļ-
lv  iekļū-|atiestat-|laipni
lt  prisijung-|paskyr-|profil-|patvirtin-|tapatyb-|ar tai jūs|įrengin-|slaptažod-|registr-|prieig-|patekti|atkur-
lt  atstat-|sveiki atvykę
pl  zalog-|logow-|kont[oaue]|kontem|profil-|potwierd-|zweryf-|weryfik-|tożsamo-|czy to ty|urządzen-|hasł-|odblok-
pl  rejestr-|sparow-|parow-|dostęp-|dostać się|reset-|witaj|witamy|bezpiecz-|autoryz-|podpis-|uwierzyt-
cs  přihl-|účt-|účet|profil-|potvr-|ověř-|totožno-|jste to vy|zařízen-|hesl-|odemkn-|registr-|spár-|přístup-|dostat
cs  obnov-|vítejte|bezpečn-
sk  prihl-|účt-|účet|profil-|potvr-|over-|totožno-|ste to vy|zariaden-|hesl-|odomkn-|registr-|spár-|prístup-|dostať
sk  obnov-|vitajte|bezpečn-
sl  prijav-|račun-|profil-|potrd-|preveri-|identit-|ste to vi|naprav-|gesl-|odklen-|registr-|dostop-|vstop-|ponastav-
sl  dobrodošli
hr  prijav-|račun-|nalog-|profil-|potvr-|provjer-|identit-|jeste li to vi|uređaj-|lozink-|otključ-|registr-|pristup-
hr  ući|dobrodošli|sigurno-
sr  пријав-|налог-|профил-|потвр-|провер-|идентит-|да ли сте то|уређај-|лозинк-|откључ-|регистр-|приступ-|ући
sr  добродошли
mk  најав-|профил-|сметка|потвр-|провер-|идентит-|уред-|лозинк-|регистр-|пристап-|добредојд-
bg  влез-|влиз-|вход-|профил-|акаунт-|потвър-|потвърж-|провер-|самоличн-|вие ли сте|устройств-|парол-|отключ-
bg  регистр-|достъп-|добре дошли
ru  вход-|войти|войд-|аккаунт-|профил-|кабинет-|подтвер-|провер-|личност-|это вы|устройств-|парол-|разблок-|регистр-
ru  привяз-|доступ-|попасть|сброс-|восстан-|добро пожаловать|безопасн-|авториз-|подпис-
uk  вхід-|увійти|увійд-|обліков-|профіл-|кабінет-|підтвер-|перевір-|особ[иу]|це ви|пристр-|парол-|розблок-|реєстр-
uk  доступ-|потрапити|скид-|віднов-|ласкаво|безпек-|авториз-|підпис-
be  уваход-|увайсці|уліков-|профіл-|пацвер-|парол-|рэгістр-|доступ-
hu  belép-|bejelent-|fiók-|profil-|megerős-|ellenőr-|azonos-|ön az|te vagy|eszköz-|jelsz-|felold-|regiszt-|párosít-
hu  hozzáfér-|visszaáll-|üdvöz-|biztons-|hiteles-
el  σύνδεσ-|συνδεθ-|λογαριασμ-|προφίλ|επιβεβ-|επαλήθ-|ταυτότητ-|εσείς είστε|συσκευ-|κωδικ-|ξεκλείδ-|εγγραφ-|πρόσβασ-
el  να μπει|επαναφορ-|καλώς|ασφάλ-
tr  giriş-|oturum-|hesab-|hesap-|profil-|onay-|doğrula-|kimli-|siz misiniz|sen misin|cihaz-|şifre-|parola-|kilid-
tr  kayıt-|eşleş-|erişim-|girmeye|sıfırla-|hoş geldin-|güvenli-
az  giriş-|hesab-|təsdiq-|şifrə-|parol-|qeydiyyat-|təhlükəsiz-
kk  кіру-|кіріңіз|тіркел-|тіркеу-|раста-|құпиясөз-|аккаунт-|тіркелгі-
uz  kirish|hisob-|tasdiq-|parol-|ro['‘’ʻ]yxat-
sq  hyni|hyrni|hyrje|identifik-|llogari-|konfirm-|verifik-|fjalëkalim-|regjistr-|mirë se
mt  idħol|kont|password|ikkonferma-|tirreġistra-
ga  logáil|cuntas|dearbh-|pasfhocal|clár-
cy  mewngof-|cyfrif|cadarn-|cyfrinair|cofrestr-
eu  saioa|kontu-|berretsi|baieztatu|egiaztatu|pasahitz-|erregistr-|ongi etorri
eo  ensalut-|konto-|konfirm-|pasvort-|regist-|bonvenon
he  להתחבר|התחבר|כניסה|להיכנס|חשבון|פרופיל|אישור|לאשר|אימות|לאמת|זהות|זה אתם|זה את|מכשיר|סיסמה|סיסמת|הרשמה|גישה|איפוס
he  ברוכ|אבטח
ar  تسجيل|الدخول|حساب|تأكيد|تحقق|التحقق|هوية|هل هذا أنت|جهاز|كلمة المرور|كلمة السر|إعادة تعيين|مرحب|وصول|تفعيل|أمان
ar  مصادق
fa  ورود|وارد حساب|حساب|تأیید|تایید|هویت|شما هستید|دستگاه|رمز عبور|گذرواژه|ثبت.?نام|بازیابی|خوش آمدید|امنیت|احراز
ur  لاگ ان|اکاؤنٹ|تصدیق|شناخت|پاس ورڈ|رجسٹر|خوش آمدید|داخل
hi  लॉग ?इन|साइन ?इन|प्रवेश|खात|पुष्टि|सत्याप|पहचान|क्या यह आप|डिवाइस|पासवर्ड|पंजीक|रीसेट|स्वागत|सुरक्षा
mr  लॉग ?इन|खात|पुष्टी|सत्याप|पडताळ|पासवर्ड|नोंदणी|स्वागत
ne  लग ?इन|खाता|पुष्टि|प्रमाण|पासवर्ड|दर्ता|स्वागत
bn  লগ ?ইন|সাইন ?ইন|অ্যাকাউন্ট|নিশ্চিত|যাচাই|পরিচয়|ডিভাইস|পাসওয়ার্ড|নিবন্ধন|রিসেট|স্বাগত
pa  ਲੌਗ ?ਇਨ|ਖਾਤ|ਪੁਸ਼ਟੀ|ਪਾਸਵਰਡ|ਤਸਦੀਕ|ਜੀ ਆਇਆਂ
gu  લૉગ ?ઇન|લોગ ?ઇન|ખાત|પુષ્ટિ|ચકાસ|પાસવર્ડ|નોંધણી
ta  உள்நுழை|கணக்க|உறுதிப்படுத்த|சரிபார்|கடவுச்சொல்|பதிவு|சாதன
te  లాగిన్|ఖాతా|నిర్ధార|ధృవీక|ధ్రువీక|పాస్‌వర్డ్|నమోదు
kn  ಲಾಗಿನ್|ಖಾತೆ|ದೃಢೀಕ|ಪರಿಶೀಲ|ಪಾಸ್‌ವರ್ಡ್|ನೋಂದಣಿ
ml  ലോഗിൻ|അക്കൗണ്ട|സ്ഥിരീകര|പരിശോധ|പാസ്‌വേഡ|രജിസ്റ്റ
si  පිවිස|ගිණුම|තහවුරු|මුරපද
th  เข้าสู่ระบบ|ล็อกอิน|เข้าบัญชี|บัญชี|ยืนยัน|ตัวตน|ใช่คุณ|อุปกรณ์|รหัสผ่าน|ปลดล็อก|ลงทะเบียน|สมัคร|รีเซ็ต
th  ยินดีต้อนรับ|ความปลอดภัย
lo  ເຂົ້າສູ່ລະບົບ|ບັນຊີ|ຢືນຢັນ|ລະຫັດຜ່ານ
km  ចូល|គណនី|បញ្ជាក់|ផ្ទៀងផ្ទាត់|ពាក្យសម្ងាត់
my  ဝင်ရောက်|အကောင့်|အတည်ပြု|စကားဝှက်
vi  đăng nhập|tài khoản|xác nhận|xác minh|xác thực|danh tính|có phải bạn|thiết bị|mật khẩu|mở khóa|đăng ký|đặt lại
vi  chào mừng|bảo mật
id  masuk|log masuk|akun-|akaun-|konfirmasi-|verifikasi-|sahkan|pengesahan|identitas|apakah ini anda|perangkat
id  peranti|kata sandi|kata laluan|daftar-|mendaftar|reset|selamat datang|keamanan|keselamatan
fil mag-?log ?in|account|kumpirma-|i-?verify|password|mag-?rehistro|device
sw  ingia|akaunti|thibitisha|uthibitisho|nenosiri|jisajili|kifaa|karibu
am  ይግቡ|ለመግባት|መለያ|ያረጋግጡ|የይለፍ ቃል|ይመዝገቡ
ka  შესვლ-|ანგარიშ-|დაადასტ-|დადასტ-|ვერიფიკაც-|პაროლ-|რეგისტრ-|ავტორიზ-
hy  մուտք-|հաշիվ-|հաշվ-|հաստատ-|գաղտնաբառ-|գրանց-
mn  нэвтр-|бүртгэл-|баталгаа-|нууц үг|бүртгүүл-
ja  ログイン|サインイン|アカウント|ご本人|本人|確認|認証|端末|パスワード|登録|再設定|ようこそ|セキュリティ|連携|招待
ja  解除
ko  로그인|계정|본인|확인|인증|기기|비밀번호|가입|재설정|환영|보안|등록|초대
zh  登录|登入|登錄|账户|帳戶|账号|帳號|账戶|确认|確認|验证|驗證|本人|身份|设备|裝置|密码|密碼|解锁|注册|註冊|绑定
zh  綁定|重置|欢迎|歡迎|安全
ky  кирүү|ырастоо|катталуу|сырсөз
tg  тасдиқ|воридшавӣ|даромадан|парол-
zu  ukungena|yokungena|qinisekisa|iphasiwedi
so  xaqiiji-|gal-|furaha sirta
ht  verifikasyon|konekte|modpas
ku  têketin-|piştrast-|şîfre
ha  tabbatar-|shiga|kalmar sirri
yo  ìjẹ́rìí|wọlé
"""

#: What says of a code that another one has taken its place.
FORMER = """
en  old|previous|earlier|prior|former
de  alte|alter|alten|altes|vorherig-|vorig-|früher-|bisherig-
nl  oude|vorige|eerdere
fr  ancien|ancienne|précédent-
es  anterior|viejo|vieja|antiguo|antigua|previo
ca  anterior|antic
pt  anterior|antigo|antiga|velho
it  precedente|vecchio|vecchia
ro  vechi|vechiul|vechea|anterior-|precedent-
sv  gamla|förra|tidigare|föregående
da  gamle|tidligere|forrige
no  gamle|tidligere|forrige
fi  vanha|vanhan|edellinen|edellisen|aiempi|aiemman|aikaisempi
et  vana|eelmine|eelmise|varasem
lv  iepriekšēj-|vecais
lt  ankstesn-|senas|senasis
pl  poprzedn-|stary|stare|starego|wcześniejsz-
cs  předchoz-|starý|staré|starého|dřívějš-
sk  predchádz-|starý|staré
sl  prejšnj-|stara|staro|stari
hr  prethodn-|stara|stari|staru
sr  претходн-|стара|стари|стару
mk  претходн-|стариот
bg  предишн-|стария|старият|старата
ru  предыдущ-|старый|старого|прежн-
uk  попередн-|старий|старого
hu  korábbi|előző|régi
el  προηγούμεν-|παλιός|παλιό|παλιά
tr  önceki|eski
he  הקודם|הישן|הקודמת|הישנה
ar  السابق|القديم
fa  قبلی|قدیمی
hi  पुराना|पुराने|पिछला|पिछले
th  เดิม|เก่า|ก่อนหน้า
vi  cũ|trước đó
id  lama|sebelumnya
ja  以前|前回|先にお送り|先にご案内|古い|旧
ko  이전|기존|예전
zh  旧|舊|之前|先前|上一|原来|原先
"""

#: What says of the number before it that it is of no use any more.
SPENT = """
en  expired|no longer|cancelled|canceled|revoked|been used|was used|been replaced|superseded|stopped working|is void
en  worked|was rejected|been redeemed|did not work|does not work|doesn['’]t work|didn['’]t work|not accepted
en  timed out
de  abgelaufen|ist ungültig|nicht mehr|verfallen|gelöscht|ersetzt|storniert|funktioniert nicht|nicht angenommen
de  funktionierte|geklappt|verbraucht|wurde verwendet|gesperrt|hat funktioniert
nl  verlopen|vervallen|niet meer|ingetrokken|werkte|geannuleerd|vervangen|werkt niet|gebruikt
fr  expiré|plus valable|plus valide|annulé|remplacé|a été utilisé|déjà utilisé|a fonctionné|a marché|périmé
fr  ne fonctionne|ne marche
es  caducado|caducó|venció|vencido|ya no|anulado|cancelado|fue usado|ha sido usado|funcionó|reemplazado|sustituido
es  no funciona|expiró
ca  caducat|ja no|anul·lat|va funcionar
pt  expirou|expirado|venceu|já não|não é mais|cancelado|foi usado|funcionou|substituído|não funciona
it  scaduto|non è più|annullato|è stato usato|ha funzionato|sostituito|non funziona
ro  expirat|nu mai|anulat|a fost folosit|a funcționat|înlocuit|nu funcționează
sv  gått ut|gäller inte|inte längre|avbruten|använts|ersatts|fungerade|fungerar inte|förbrukad|har upphört
da  udløbet|ikke længere|annulleret|brugt|erstattet|virkede|virker ikke
no  utløpt|ikke lenger|kansellert|brukt|erstattet|virket|virker ikke|fungerte
fi  vanhentunut|umpeutunut|ei ole enää|ei enää|mitätöity|käytetty|korvattu|toimi|ei toimi
et  aegunud|enam ei|ei kehti|tühistatud|kasutatud|asendatud|töötas
lv  beidzies|vairs nav|anulēts|izmantots|aizstāts
lt  nebegalioja|baigė|atšauktas|panaudotas|pakeistas
pl  wygasł-|stracił-|nieważn-|nieaktualn-|już nie|anulowan-|wykorzystan-|zużyt-|zastąpion-|zadziałał-|nie działa
cs  vypršel-|už neplatí|již neplatí|neplatí|zrušen-|použit-|nahrazen-|zafungoval-|nefunguje
sk  vypršal-|už neplatí|neplatí|zrušen-|použit-|nahraden-|zafungoval-|nefunguje
sl  potekl-|ne velja več|preklican-|uporabljen-|je delovala|ne deluje
hr  istekao|istekla|istekl-|više ne|poništen-|iskorišten-|zamijenjen-|radio je|ne radi
sr  истекао|истекла|истекл-|више не|поништен-|искоришћен-
mk  истечен-|истече|повеќе не|поништен-
bg  изтекъл|изтече|вече не|анулиран-|използван-|проработи
ru  истёк|истек|больше не|уже не|отменён|отменен|аннулир-|использован|заменён|сработал|не работает|недействител-
uk  закінчився|сплив|більше не|вже не|скасован-|використан-|спрацював|не працює|недійсн-
hu  lejárt|már nem|érvénytelen|visszavont-|felhasznál-|működött|nem működik
el  έληξε|έχει λήξει|δεν ισχύει|ακυρώθηκε|χρησιμοποιήθηκε|δούλεψε
tr  süresi doldu|artık|iptal|kullanıldı|geçersiz|çalıştı|çalışmıyor
he  פג|אינו תקף|לא תקף|בוטל|נוצל|עבד
ar  انتهت صلاحيته|لم يعد|ألغي|تم استخدامه|نجح
fa  منقضی شد|دیگر معتبر|باطل|استفاده شد
hi  समाप्त हो|अब मान्य नहीं|रद्द|इस्तेमाल हो चुका
th  หมดอายุแล้ว|ใช้ไม่ได้|ถูกยกเลิก|ถูกใช้
vi  đã hết hạn|không còn|đã bị hủy|đã được sử dụng
id  sudah tidak|tidak berlaku|kedaluwarsa|dibatalkan|sudah digunakan|telah digunakan
ja  失効|無効|使えません|使用済|期限切れ|エラー|使えました
ko  만료되었|만료됐|무효|사용되었|더 이상|취소
zh  已失效|失效了|已过期|已過期|已作废|作废了|不再|已使用|已取消|已被
"""

#: What makes a sentence say what would be, not what is.
ON_CONDITION = """
en  if|when|once|unless|until|after|before|should|will
de  wenn|falls|sobald|sollte|sollten|bis|nachdem|wird
nl  als|wanneer|indien|zodra|tot|na
fr  si|lorsque|quand|dès|une fois|jusqu-|après
es  si|cuando|una vez|hasta|en caso|al
ca  si|quan|fins
pt  se|quando|caso|até
it  se|quando|qualora|fino
ro  dacă|când|până
sv  om|när|tills
da  hvis|når|indtil
no  hvis|når|inntil
fi  jos|kun|ennen
pl  jeśli|jeżeli|gdy|kiedy|dopóki|do
cs  pokud|když|dokud|jestliže
sk  ak|keď|kým
hr  ako|kad|kada|dok
sr  ако|кад|када
bg  ако|когато|докато
ru  если|когда|пока|после
uk  якщо|коли|поки|після
hu  ha|amikor|amíg
el  αν|εάν|όταν|μέχρι
tr  eğer
he  אם|כאשר
ar  إذا|عندما|قبل
vi  nếu|khi
id  jika|bila|kalau|ketika|sampai
ja  場合|すると|たら
ko  경우|면
zh  如果|如|若|后|後
"""
