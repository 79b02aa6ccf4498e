"""Word lists for comparing tellings: words that mean nothing alone, words of any news text, weekdays, and countries.

Written for this purpose. A missing word makes two texts look a little more alike or less so; none is needed.
"""

from __future__ import annotations

STOP_LISTS = {
    "en": """
        a about above after again against ahead all also am an and another any are around as at away back be because
        been before being below between both but by came can come could did do does down during each early earlier
        even ever every few for from further get go had has have having he her here hers him his how however i if in
        into is it its itself just last late later least less like made make many may me might more most much must
        my near next no nor not now of off on once one only onto or other our out over own per put same set shall
        she should since so some still such take than that the their them then there these they this those though
        three through to too two under until up upon us very via was we well were what when where which while who
        whom whose why will with within without would yet you your""",
    "fr": """
        a à afin ai ainsi alors après au aucun aura aussi autre autres aux avait avant avec avoir c'est car ce ceci
        cela celle celui ces cet cette ceux chez comme comment contre dans de depuis des deux dès donc dont du elle
        elles en encore entre est et été être eu eux fait faire faut fois font il ils je jusque la là le les leur
        leurs lors lui mais me même mes moins mon ne ni non nos notre nous on ont ou où par parce pas pendant peu
        plus pour pourquoi qu que quel quelle qui sa sans se sera ses si soit son sont sous sur ta te tes toi ton
        tous tout toute toutes très trois tu un une vers vos votre vous y""",
    "es": """
        a al algo ante antes así aún aunque cada casi como con contra cual cuando de del desde después donde dos
        durante e el él ella ellas ellos en entre era eran es esa ese eso esta está están este esto estos fue fueron
        ha había hacia han hasta hay la las le les lo los más me mi mientras muy nada ni no nos o otra otro otros
        para pero poco por porque que qué quien se sea según ser si sí sido sin sino sobre son su sus también tanto
        te tiene todo todos tras tres tu un una uno unos y ya yo""",
    "de": """
        aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin bis bisher da
        dabei dafür damit danach dann darauf das dass davon dazu dem den denn der des die dies diese diesem diesen
        dieser dieses doch dort drei durch ein eine einem einen einer eines er erst es etwa etwas für gegen
        gegenüber geht hat hatte hatten haben ihr ihre ihrem ihren ihrer im in indem ins ist ja jede jedem jeden
        jeder kann kein keine können könnte mehr mit muss nach nicht noch nun nur ob oder ohne schon sehr sei sein
        seine seinem seinen seiner seit sich sie sind so soll sollen sowie über um und uns unter vom von vor war
        waren warum was weil weiter welche wenn wer werden wie wieder will wird wo worden wurde wurden zu zum zur
        zwei zwischen""",
    "pt": """
        a ao aos após as às até cada com como contra da das de depois desde disse do dois dos durante e é ela elas
        ele eles em entre era essa esse esta está este eu foi foram há isso já lhe mais mas mesmo muito na não nas
        nem no nos o onde os ou para pela pelas pelo pelos por porque quando que quem são se sem ser seu seus sido
        sob sobre sua suas também tem ter três um uma""",
    "it": """
        a ad ai al alla alle anche avere che chi ci come con contro da dai dal dalla dalle degli dei del della delle
        di dopo due e è ed era fa fino fra gli ha hanno i il in io la le lo loro ma nei nel nella non o per perché
        più poi quando quella quello questa questo se senza si sia sono su sua sue sui sul sulla suo suoi tra tre un
        una uno""",
    "nl": """
        aan al als bij dan dat de deze die dit door een en er had heeft het hij hoe hun ik in is kan maar meer met
        na naar niet nog nu of om omdat ook op over te tegen tot uit van veel voor waar was wat werd wie wordt zal
        ze zich zijn zo zou""",
    "ru": """
        а без более бы был была были было быть в вам во вот все всё всех вы где да даже для до его ее её если есть
        ещё еще же за и из или им их к как когда кто ли на над не него нее нет ни но о об однако он она они оно от
        по под после при про с со так также там то тот том тоже три у уже хотя чего чем что чтобы эта эти это этого
        этой этом этот""",
    "vi": """
        ai bị bởi các cái cả cho chưa chỉ có còn cũng của cùng do dù đã đang đây để đến đều đi được đó gì hay hoặc
        khi không là lại lên mà mỗi một nào này nên nếu ngay như nhưng những ở phải qua ra rất rằng sau sẽ tại theo
        thì tới trong trước từ và vào vẫn vẫn về vì với vừa xuống""",
    "id": """
        ada adalah agar akan atas atau bagi bahwa bisa dalam dan dapat dari dengan di hingga ini itu jika juga
        karena ke kepada lebih mereka oleh pada para saat secara sebagai sedang sejak serta setelah sudah telah
        tersebut tidak untuk yang""",
    "ar": """
        أن إلى التي الذي أو أي إن بعد بين حتى خلال ذلك عن على عند غير في قبل قد كان كانت كل لا لم ما مع من منذ هذا
        هذه هو هي و وقال ولا ولم""",
}
STOP = {language: frozenset(words.split()) for language, words in STOP_LISTS.items()}
ANY_STOP: frozenset[str] = frozenset().union(*STOP.values())

# Words of any news text: they count, but little. English stems and forms, and a few of other languages.
WEAK_LIST = """
    said say says saying told tell tells according reported report reports reporters news statement announced
    announce announces announcement official officials government governments president presidents prime minister
    ministers chief leader leaders head country countries nation nations national international foreign state states
    city capital region people person man men woman women year years month months week weeks day days today
    yesterday tomorrow hour hours morning evening night afternoon time times new old first second third number part
    long high big biggest large largest top major key former senior public political general group party members
    member million billion percent thousand thousands hundred hundreds dozens agency ministry office spokesman
    spokeswoman spokesperson secretary department world meeting meet met talks visit visiting visits trip deal
    agreement plan plans planned move amid expected including ended began begin begins hold holds held january
    february march april june july august september october november december
    dit déclaré annoncé président ministre pays gouvernement ans mois jour jours selon millions
    dijo según presidente ministro país gobierno años meses día días millones informó anunció
    sagte teilte präsident regierung minister land jahr jahre jahren monat tag tage millionen prozent
    afirmou segundo governo anos dias informou milhões
    сказал сказала заявил заявила сообщил сообщила сообщили президент министр года году лет дня власти
    ông bà nước quốc ngày tháng năm thủ tổng chủ tịch hai người việt"""
WEAK = frozenset(WEAK_LIST.split())

WEEKDAYS = {
    word: day
    for day, words in enumerate(
        (
            "monday lundi lunes montag segunda-feira lunedì maandag понедельник",
            "tuesday mardi martes dienstag terça-feira martedì dinsdag вторник",
            "wednesday mercredi miércoles mittwoch quarta-feira mercoledì woensdag среда среду",
            "thursday jeudi jueves donnerstag quinta-feira giovedì donderdag четверг",
            "friday vendredi viernes freitag sexta-feira venerdì vrijdag пятница пятницу",
            "saturday samedi sábado samstag sabato zaterdag суббота субботу",
            "sunday dimanche domingo sonntag domenica zondag воскресенье",
        )
    )
    for word in words.split()
}

# What English texts call a country: its name, its people, its capital, so that "Hanoi" can stand for Vietnam.
COUNTRY_LINES = """
    usa: u.s. america american americans washington
    uk: u.k. britain british britons london england english
    eu: european europe brussels
    un: u.n.
    afghanistan: afghan afghans kabul
    argentina: argentine argentines argentinian buenosaires
    australia: australian australians canberra
    austria: austrian austrians vienna
    belarus: belarusian belarusians minsk
    brazil: brazilian brazilians brasilia
    cambodia: cambodian cambodians
    canada: canadian canadians ottawa
    chile: chilean chileans
    china: chinese beijing
    colombia: colombian colombians bogota
    cuba: cuban cubans havana
    egypt: egyptian egyptians cairo
    ethiopia: ethiopian ethiopians
    finland: finnish finns finn helsinki
    france: french paris
    gaza: gazan gazans
    germany: german germans berlin
    greece: greek greeks athens
    hungary: hungarian hungarians budapest
    india: indian indians
    indonesia: indonesian indonesians jakarta
    iran: iranian iranians tehran
    iraq: iraqi iraqis baghdad
    ireland: irish dublin
    israel: israeli israelis
    italy: italian italians rome
    japan: japanese tokyo
    kenya: kenyan kenyans nairobi
    laos: laotian laotians vientiane
    lebanon: lebanese beirut
    libya: libyan libyans
    malaysia: malaysian malaysians
    mexico: mexican mexicans
    myanmar: burmese burma naypyitaw
    netherlands: dutch
    nigeria: nigerian nigerians abuja
    northkorea: northkorean pyongyang
    norway: norwegian norwegians oslo
    pakistan: pakistani pakistanis islamabad
    palestine: palestinian palestinians
    peru: peruvian peruvians lima
    philippines: philippine filipino filipinos manila
    poland: polish poles warsaw
    portugal: portuguese lisbon
    russia: russian russians moscow kremlin
    saudi: saudis riyadh
    serbia: serbian serbs belgrade
    singapore: singaporean singaporeans
    southafrica: southafrican pretoria
    southkorea: southkorean seoul
    spain: spanish spaniards madrid
    sudan: sudanese khartoum
    sweden: swedish swedes stockholm
    switzerland: swiss
    syria: syrian syrians damascus
    taiwan: taiwanese taipei
    thailand: thai thais bangkok
    turkey: turkish turks ankara türkiye
    ukraine: ukrainian ukrainians kyiv kiev
    venezuela: venezuelan venezuelans caracas
    vietnam: vietnamese hanoi
    yemen: yemeni yemenis
"""
COUNTRY_WORDS = {
    word: key.strip()
    for line in COUNTRY_LINES.strip().splitlines()
    for key, words in [line.split(":")]
    for word in [key.strip(), *words.split()]
}

# Names of several words that would fall apart into words of any text
JOINED_NAMES = {
    "United States": "U.S.",
    "United Kingdom": "Britain",
    "European Union": "Europe",
    "United Nations": "U.N.",
    "South Korea": "Southkorea",
    "North Korea": "Northkorea",
    "South Africa": "Southafrica",
    "Saudi Arabia": "Saudi",
    "Buenos Aires": "Buenosaires",
    "Viet Nam": "Vietnam",
    "White House": "Whitehouse",
    "Federal Reserve": "Fed",
    "European Central Bank": "ECB",
}
