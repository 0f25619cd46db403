# ruff: noqa: E501 - a pattern is one line
"""Stages that several plots of the stories share, as data; ``< name`` in `analysis.language.story_plots` includes one."""

COMMON = {
    "opening": """
existential: once there/PRON was {hero.a-child} who/PRON lived in ( a small village | a big city | an old house | a town ) ( near the sea | by the river | behind the hill | ) . // apposition: {hero.his} name/NOUN was {hero.np} .
apposition: {hero.np} , {hero.a-young} , lived with {hero.his} {elder.head} ( in a small house/NOUN | at the edge of the forest | near the market/NOUN | in the old part/NOUN of the city ) .
intransitive: {hero.np} lived in ( a small village | a quiet/ADJ street | a little town | a large house ) ( near the river | by the sea | on a hill | ) . // copula: {hero.his} best/ADJ friend/NOUN was {friend.np} .
np-coordination: {hero.np} and {friend.np} were ( good friends | neighbours | the best/ADJ of friends ) . // transitive: they ( spent | shared ) every ( summer | weekend | afternoon ) together .
existential: in ( a small town | a village | a quiet/ADJ valley ) ( far from the city | near the mountains | by the lake ) lived {hero.a-child} {hero.called} {hero.np} . // linking: everyone knew {hero.him} well/ADV .
""",
    "character": """
copula: {hero.np} was ( kind/ADJ | clever | brave | shy | cheerful | patient/ADJ | curious ) , ( but | and ) {hero.he} was ( never | not | seldom ) ( late/ADJ | afraid | lazy | bored/ADJ ) .
gerund-complement: {hero.np} loved/VERB ( reading | drawing/VERB | singing | cooking/VERB | swimming/VERB | dancing/VERB ) more than/ADP anything else .
comparative: {hero.np} was ( taller | younger | older | quieter | stronger ) than/ADP {friend.np} , but {friend.np} was ( faster/ADJ | louder/ADJ | braver ) .
frequency-adverb: {hero.np} ( always | usually | often ) ( helped | visited ) {hero.his} {elder.head} ( in the morning | after/ADP school/NOUN | in the evening ) .
equative: nobody/PRON in the village was as/ADV ( kind/ADJ | curious | clever | cheerful ) as/ADP {hero.np} .
used-to: {hero.his} {elder.head} used/VERB to/PART say/VERB that/SCONJ {hero.he} was ( too curious | a born/VERB helper | as/ADV stubborn as/ADP a donkey ) .
""",
    "weather": """
copula: it was a ( cold/ADJ | warm/ADJ | bright | grey/ADJ | windy | rainy | hot ) ( morning | day | afternoon ) in ( spring/NOUN | summer/NOUN | autumn | winter/NOUN ) .
transitive: the sun/NOUN was shining , and the birds were singing in the trees .
expletive-weather: it had/AUX rained all day , and the ( streets | roads | fields ) were wet/ADJ .
past-progressive: a ( cold/ADJ | soft | strong ) wind/NOUN was blowing , and the sky was ( grey/ADJ | dark/ADJ | clear/ADJ ) .
expletive-weather: it was snowing , and ( everything/PRON was white/ADJ | the village was very quiet/ADJ ) .
time-clause: when {hero.np} woke up , the sun/NOUN was already high/ADJ in the sky .
""",
    "sad": """
copula: {hero.s} was ( so sad | so worried/ADJ | so angry ) that/SCONJ {hero.he} could not ( eat | sleep/VERB | speak | think/VERB ) .
intransitive: {hero.s} sat down and ( cried/VERB | thought/VERB for a long time | said nothing/PRON ) .
negation: {hero.s} did n't know what to/PART do/VERB .
linking: {hero.s} felt ( sad | lonely | terrible | hopeless ) , and ( {hero.p} eyes were full/ADJ of tears | {hero.he} wanted to/PART cry/VERB ) .
exclamative-how: “ how/ADV ( sad | stupid | terrible ) ! ” said {hero.np} .
negative-inversion: never had/AUX {hero.np} been/AUX so ( sad | worried/ADJ | unhappy ) .
""",
    "ask": """
direct-speech: “ can you help/VERB me ? ” {hero.s} asked . // direct-speech: “ of course I can , ” ( said | answered/VERB ) {friend.np} .
double-object: {hero.s} told {friend.np} the whole/ADJ story . // direct-speech: “ do n't worry/VERB , ” said {friend.np} . “ we will/AUX ( find | think/VERB of ) something/PRON . ”
object-infinitive: {hero.s} asked {friend.np} to/PART help/VERB {hero.him} , and {friend.np} ( agreed at once/ADV | came/VERB at once/ADV | did not wait/VERB ) .
indirect-question: {friend.np} asked {hero.np} why/ADV {hero.he} was so sad . // time-clause: when {hero.he} had/AUX told {friend.him} everything/PRON , {friend.np} ( smiled | nodded ) . // direct-speech: “ let/VERB us go/VERB together , ” {friend.he} said .
tag-question: “ you will/AUX help/VERB me , wo n't you ? ” said {hero.np} . // direct-speech: “ yes/INTJ , I will/AUX , ” said {friend.np} .
conditional-real: “ if you ( come/VERB with me | help/VERB me ) , we will/AUX be/AUX ( faster/ADJ | home/ADV before/ADP night ) , ” said {hero.np} to/ADP {friend.np} .
""",
    "walk": """
vp-coordination: they ( went | walked ) ( through the forest | along the river | across the field | down the road ) and ( sang a song/NOUN | talked about/ADP the past/NOUN | looked at everything/PRON ) .
time-clause: while they were walking , they ( saw/VERB | heard ) ( a fox | a rabbit | an old man with a dog | a train/NOUN | a bird ) .
transitive: on the way , they met ( an old woman | a farmer | a group of children | a policeman ) who was ( selling apples | carrying a basket | waiting for the bus ) .
partitive: after/ADP an hour , both of them were ( tired/ADJ | hungry | thirsty ) , so/SCONJ they ate/VERB ( some of the bread | a piece/NOUN of cake/NOUN | two apples ) .
superlative: the road was ( the longest/ADJ | the darkest | the quietest ) in the country/NOUN , but they did n't stop/VERB .
parenthetical: the way , it must be said , was ( long/ADJ | steep | dark/ADJ ) , but neither/PRON of them ( complained | stopped/VERB ) .
""",
    "thanks": """
direct-speech: “ thank/VERB you so much/ADV , ” said {hero.np} . // direct-speech: “ you would have/AUX done/VERB the same/ADJ for me , ” said {friend.np} .
indirect-speech: {hero.s} said that/SCONJ {friend.np} was the best/ADJ friend/NOUN in the world .
double-object: {hero.s} gave {friend.np} ( a present/NOUN | a big kiss/NOUN | half/NOUN of {hero.his} cake/NOUN | a hug/NOUN ) and thanked {friend.him} .
exclamative-what: “ what/DET a ( good | wonderful ) friend/NOUN you are ! ” said {hero.np} .
it-cleft: “ it was {friend.np} who/PRON ( helped | saved ) me , ” {hero.np} told everyone .
""",
    "home": """
time-clause: when they came/VERB home/ADV , {hero.np} told {hero.his} {elder.head} the whole/ADJ story .
direct-speech: “ where/ADV have/AUX you been/AUX ? ” asked {hero.his} {elder.head} . // transitive: {hero.np} told {elder.him} everything/PRON .
causative: the story made/VERB {hero.his} {elder.head} ( laugh/VERB | smile/VERB ) .
indirect-speech: {hero.his} {elder.head} said that/SCONJ {elder.he} was ( proud | glad | happy ) , and made/VERB ( some tea | hot soup | a big dinner ) for everyone .
concession-clause: although it was late/ADJ , {hero.his} {elder.head} was still awake and had/AUX kept/VERB {hero.him} some ( soup | bread | dinner ) .
""",
    "talk": """
subject-relative: {friend.np} told a story about ( a man | a woman | a king/NOUN ) who/PRON {act.past} {aim.a} .
indirect-speech: {friend.np} said that/SCONJ the <NOUN homograph person -film -neg> had/AUX {act.part} {aim} .
indirect-speech: {hero.np} had/AUX once dreamt/VERB that/SCONJ a <NOUN homograph person -film -neg> {act.past} {aim} .
infinitive-complement: “ one day/NOUN I will/AUX learn to/PART {act.base} {aim.a} , ” said {friend.np} .
infinitive-complement: {hero.np} ( wanted/VERB | hoped/VERB | began ) to/PART <VERB.base homograph intransitive subj:person -weather -prep -particle -neg> .
modal: “ can you <VERB.base homograph intransitive subj:person -weather -prep -particle -neg> ? ” asked {friend.np} .
negation: nobody/PRON could <VERB.base homograph intransitive subj:person -weather -prep -particle -neg> like/ADP {hero.np} .
np-coordination: they talked/VERB about the <NOUN homograph action -neg> and the <NOUN homograph event -neg> .
existential: on the table/NOUN there/PRON was a <NOUN homograph object -mass -neg> .
possessive-s: it was {friend.names} <NOUN homograph object -mass -neg> .
exclamative-what: “ what/DET a <NOUN homograph event -mass -neg> ! ” said {friend.np} .
time-clause: after/ADP the <NOUN homograph action -neg> , they looked/VERB at a <NOUN homograph concrete -mass -person -neg> .
np-coordination: {friend.np} drew/VERB a <NOUN homograph thing -mass -neg> and a <NOUN homograph concrete -mass -neg> in the sand/NOUN .
linking: to/ADP {hero.np} , the <NOUN homograph concrete -mass -person -neg> looked/VERB <ADJ homograph of:thing -predicative -attributive> .
adjective-coordination: everything/PRON was <ADJ homograph of:thing -predicative -attributive> and <ADJ homograph of:thing -predicative -attributive> .
yes-no-question: “ did they {act.base} {aim} ? ” {hero.np} asked .
""",
    "ending": """
used-to: from that/DET day on/ADV , {hero.np} and {friend.np} met every ( day | week | Sunday ) .
negation: {hero.np} never forgot that/DET ( day | night | afternoon ) .
too-to: that/DET night , {hero.np} was too ( happy | excited/ADJ ) to/PART sleep/VERB .
so-that: that/DET night , {hero.np} was so tired/ADJ that/SCONJ {hero.he} fell/VERB asleep at once/ADV .
copula: it had/AUX been/AUX a ( long/ADJ | strange | wonderful ) day , and everyone was ( happy | tired/ADJ | glad ) .
future: “ tomorrow/ADV , ” said {hero.np} , “ I will/AUX ( stay/VERB at home | sleep/VERB until/ADP noon | do/VERB it again ) . ”
pseudo-cleft: what {hero.np} ( understood | remembered ) was that/SCONJ ( a friend/NOUN is better/ADJ than/ADP money | nobody/PRON is too small to/PART help/VERB | it is good to/PART ask ) .
comparative-correlative: the more/ADV {hero.he} thought/VERB about it , the more/ADV {hero.he} ( laughed | smiled ) .
""",
}
