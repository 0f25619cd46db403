# ruff: noqa: E501 - a pattern is one line
"""The plots of the stories, as data: stages of which one line (or several) is told; `analysis.language.domain_stories` reads them.

``hero``, ``friend`` and ``elder`` are persons, who keep their names; a plot's head names further participants by their nouns, one of
which is drawn (``PROPN``: any city). A line is ``construction: pattern``, several sentences
separated by ``//``.
"""

PLOTS = {
    "lost": """
thing = ball doll kite puppet whistle knife ring watch hat scarf coat cap glove book letter map key camera phone diary umbrella pen brush ticket passport necklace belt bag purse basket torch
< opening
< character
> problem
transitive: one morning , {hero.np} ( lost/VERB | could not find/VERB ) {hero.his} {thing.noun} .
passive-short: one day , {hero.names} {thing.noun} was ( lost/VERB:part | stolen/VERB ) ( at the market/NOUN | in the park/NOUN | on the way to/ADP school/NOUN ) .
existential: one evening , {hero.np} looked in {hero.his} bag , but there/PRON was no {thing.noun} in it .
> loved
adverbial-relative: it had/AUX been/AUX a present/NOUN from {hero.his} {elder.head} , and {hero.np} ( loved/VERB it | took it everywhere/ADV | kept/VERB it on {hero.his} table/NOUN ) .
superlative: it was the most/ADV ( beautiful | expensive | precious ) {thing.head} that/PRON {hero.he} had/AUX ever had/VERB:part .
object-relative: the {thing.head} that/PRON {hero.he} had/AUX lost/VERB:part was ( old | a present/NOUN | very dear ) , but {hero.np} ( loved/VERB | needed/VERB ) it .
< sad
> search 2
transitive: {hero.s} looked under the ( bed/NOUN | table/NOUN | chair/NOUN ) , behind the ( door | curtain ) and in every ( box/NOUN | room | cupboard ) .
negation: {hero.s} did n't find/VERB any {thing.head} ( in the house/NOUN | in the garden/NOUN | anywhere ) .
direct-speech: “ has/AUX anyone seen/VERB {hero.my} {thing.noun} ? ” {hero.s} asked . // negative-subject: nobody/PRON had/AUX seen/VERB it .
correlative-coordination: it was neither/CCONJ in the kitchen nor in the garden/NOUN .
< ask
< walk
> found
time-clause: when they looked ( behind an old tree | under a bench | behind the school/NOUN ) , {friend.np} ( shouted/VERB | laughed/VERB ) . // direct-speech: “ is n't this/PRON your {thing.noun} ? ” {friend.he} asked .
it-cleft: it was {friend.np} who/PRON found/VERB:past {thing.the} . // locative: it was lying/VERB ( in the grass | under a chair/NOUN | between two rocks ) .
transitive: at last/ADJ they saw/VERB ( a dog/NOUN | a bird | a fox ) with {thing.the} ( in its mouth/NOUN | between its feet ) . // vp-coordination: the animal/NOUN ( dropped/VERB it and ran/VERB away | looked at them and left/VERB it there ) .
passive-agent: {thing.the} had/AUX been/AUX found/VERB:part by ( an old woman | a policeman | the baker ) , who gave it back/ADV .
< thanks
< home
< talk 2
< ending
""",
    "broken": """
thing = clock mirror lamp vase radio camera chair jug bowl cup plate statue guitar violin piano computer television phone jar bottle
< opening
< weather
> scene
past-progressive: {hero.np} and {friend.np} were playing in the ( house | garden/NOUN | kitchen ) when they heard a loud/ADJ noise .
transitive: {hero.np} was carrying {thing.the} down the stairs . // past-progressive: {friend.np} was running up the stairs and did n't see/VERB {hero.him} .
cause-clause: because it was raining , {hero.np} and {friend.np} were playing ball/NOUN in the house .
> break
passive-short: {thing.the} fell/VERB on the floor/NOUN and was broken/VERB .
transitive: {friend.np} had/AUX broken/VERB {thing.the} of {hero.names} {elder.head} .
resultative: the ball/NOUN hit/VERB {thing.the} and broke it in two . // exclamative-what: what/DET a noise it made/VERB !
< sad
> quarrel
direct-speech: “ it was you who/PRON broke it ! ” said {hero.np} . // negation: “ no/INTJ , it was n't me , ” said {friend.np} .
reflexive: {friend.np} was angry with {friend.himself} . // direct-speech: “ I should have/AUX been/AUX more careful , ” {friend.he} said .
conditional-unreal: “ if you had/AUX looked , it would not have/AUX happened , ” said {hero.np} .
clause-coordination: {hero.np} was angry , and {friend.np} began to/PART cry/VERB .
> repair 2
infinitive-complement: they decided to/PART ( repair/VERB | mend ) {thing.the} before/SCONJ {hero.names} {elder.head} came/VERB home/ADV .
transitive: {hero.np} brought ( the hammer | some paper/NOUN | a brush/NOUN ) , and {friend.np} found/VERB:past the ( pieces/NOUN | missing/ADJ part/NOUN ) .
particle-shifted: {friend.np} picked the pieces/NOUN up , and {hero.np} put/VERB:past them together .
modal: it was difficult , for the pieces/NOUN were ( small | very thin ) , and their hands/NOUN were not steady .
> confess
time-clause: when the {elder.head} came/VERB home/ADV , they told {elder.him} ( the truth | everything/PRON ) .
indirect-question: {hero.names} {elder.head} asked what had/AUX happened . // direct-speech: “ we broke it , ” said {hero.np} , “ and we are very sorry/ADJ . ”
concession-clause: although they were afraid , they told {hero.names} {elder.head} the truth .
> forgive
direct-speech: “ it is only a {thing.head} , ” {elder.he} said . // comparative: “ the truth is worth/ADJ more than/ADP {thing.a} . ”
negation: {hero.names} {elder.head} was not angry . // gerund-complement: {elder.he} could not stop/VERB laughing .
subject-relative: “ children who/PRON tell the truth need/VERB not be/AUX afraid , ” said {elder.the} .
< talk 2
< ending
""",
    "animal": """
animal = dog cat bird rabbit fox duck goose owl squirrel hedgehog deer lamb calf goat puppy kitten pigeon robin crow swan donkey hen wolf otter
< opening
< weather
> meet
existential: ( in the forest | behind the house | by the road ) , there/PRON was {animal.a} .
time-clause: as/SCONJ {hero.np} was walking ( home/ADV | to/ADP the village | along the river ) , {hero.he} ( saw/VERB | heard ) {animal.a} .
locative-inversion: in the grass lay/VERB {animal.a} .
> hurt
copula: one/NUM of its legs was ( broken/ADJ | hurt/ADJ ) , and it could not ( walk/VERB | run/VERB | stand/VERB ) .
linking: the {animal.head} looked ( hungry | thin | ill ) and ( afraid | cold/ADJ | tired/ADJ ) .
negation: the {animal.head} did n't move/VERB . // subject-relative: it looked like/ADP an animal/NOUN that/PRON had/AUX lost/VERB:part its mother .
> speak
exclamative-what: “ what/DET a poor/ADJ little {animal.head} ! ” said {hero.np} .
direct-speech: “ do n't be/AUX afraid , ” said {hero.np} . “ I will/AUX help/VERB you . ”
let-us: “ let/VERB us take it home/ADV , ” said {friend.np} , who/PRON had/AUX come/VERB:part with {hero.him} .
> care 3
transitive: {hero.s} carried it home/ADV in {hero.his} ( coat/NOUN | arms/NOUN | basket ) .
double-object: {hero.s} gave the {animal.head} ( some water/NOUN | some milk/NOUN | a warm/ADJ bed/NOUN ) .
passive-agent: its leg was washed by {hero.names} {elder.head} , who/PRON knew a lot/NOUN about animals/NOUN .
frequency-adverb: every morning , {hero.np} ( fed | washed | visited/VERB ) it before/ADP school/NOUN .
past-perfect: {friend.np} , who/PRON had/AUX brought a ( blanket | basket ) , stayed/VERB all night .
comparative: each/DET day , the {animal.head} was a little ( stronger | braver | less afraid ) .
> doubt
direct-speech: “ you can not keep/VERB it , ” said {hero.names} {elder.head} . “ {animal.a} is not a toy/NOUN . ”
indirect-question: {hero.np} wondered whether the {animal.head} would ( live/VERB | ever walk/VERB again | stay/VERB ) .
conditional-real: “ if it eats , it will/AUX live/VERB , ” said {hero.names} {elder.head} .
> well
time-clause: after/ADP two weeks , the {animal.head} could ( walk/VERB | run/VERB ) again .
so-that: in the end/NOUN , the {animal.head} was so strong/ADJ that/SCONJ it ran/VERB around the garden/NOUN .
present-perfect: “ look/VERB , it has/AUX eaten everything/PRON ! ” said {friend.np} .
> free
vp-coordination: {hero.s} opened/VERB the door and let/VERB it go/VERB . // negative-inversion: never had/AUX {hero.he} been/AUX so sad and so happy at once/ADV .
clause-coordination: {hero.s} took it back/ADV to/ADP the ( forest | field | river ) , but in the evening it stood at {hero.his} door again .
tag-question: “ it wants/VERB to/PART stay/VERB , does n't it ? ” said {friend.np} . // negation: nobody/PRON said no/INTJ .
< talk 2
< ending
""",
    "gift": """
thing = ball doll kite puppet hat scarf coat watch clock camera radio guitar violin book bicycle lamp ring necklace dress shirt sweater puzzle telescope painting
< opening
< character
> plan
possessive-s: it was {friend.names} birthday , and {hero.np} wanted/VERB to/PART ( buy | give ) {friend.him} {thing.a} .
double-object: {hero.np} had/AUX promised/VERB {friend.np} {thing.a} for {friend.his} birthday .
indirect-speech: {friend.np} had/AUX once said that/SCONJ {friend.he} wanted/VERB {thing.a} . // negation: {hero.np} had/AUX not forgotten it .
> money
enough-to: but {hero.np} did n't have/VERB enough/ADJ money to/PART buy it .
superlative: but it was the most/ADV expensive {thing.head} in the ( shop/NOUN | market/NOUN | town ) .
quantifier: {hero.he} counted {hero.his} money , but there/PRON were only ( three | five | seven ) coins .
> work 3
purpose-clause: {hero.s} went to/ADP ( a farmer | the baker | a neighbour/NOUN ) to/PART ask for work/NOUN .
transitive: {hero.s} ( washed cars | sold newspapers | picked apples | carried bags ) ( every afternoon | on Saturday | for two weeks ) .
gerund-complement: {hero.s} stopped/VERB buying ( sweets | ice cream ) and kept/VERB every coin .
adjective-coordination: the work/NOUN was hard/ADJ and ( dirty/ADJ | boring/ADJ ) , but {hero.np} did n't complain .
passive-short: for every box/NOUN , {hero.he} was paid one coin .
indirect-question: {friend.np} wondered why/ADV {hero.np} had/AUX so little time .
> buy
time-clause: as/ADV soon as/SCONJ {hero.he} had/AUX enough/ADJ , {hero.np} ran/VERB to/ADP the shop/NOUN . // direct-speech: “ {thing.the} , please/INTJ , ” {hero.he} said .
yes-no-question: “ do you still have/VERB {thing.the} ? ” {hero.s} asked the ( woman | man ) in the shop/NOUN . // direct-speech: “ you are lucky , ” was the answer/NOUN . “ it is the last/ADJ one/NOUN . ”
> give
double-object: on the day of the party/NOUN , {hero.np} gave {friend.np} {thing.the} .
prepositional-dative: {hero.np} gave {thing.the} to/ADP {friend.np} and waited .
dative-passive: {friend.np} was given many presents/NOUN , but {friend.he} liked only one/NUM of them .
> joy
exclamative-what: “ what/DET a beautiful {thing.head} ! ” said {friend.np} . “ how/ADV did you know/VERB ? ”
polarity-ever: “ this/PRON is the best/ADJ present/NOUN I have/AUX ever had/VERB:part , ” said {friend.np} .
so-that: {friend.np} was so happy that/SCONJ {friend.he} ( danced/VERB | sang | jumped/VERB ) around the room .
< talk 2
< ending
""",
    "race": """
prize = medal cup hat coat watch ball bicycle book cake clock pie
< opening
< character
> announce
existential: in ( May | June | September ) there/PRON was a ( race/NOUN | swimming/NOUN race/NOUN | boat/NOUN race/NOUN ) in the town . // indirect-speech: the mayor said that/SCONJ the winner would get {prize.a} .
direct-speech: “ I will/AUX win/VERB it , ” said {friend.np} . // too-to: “ you are too ( slow/ADJ | small | young/ADJ ) to/PART win/VERB , ” {friend.he} told {hero.np} .
comparative: {friend.np} could run/VERB faster/ADV than/ADP {hero.np} , and everyone knew it .
> train 3
frequency-adverb: {hero.s} ran/VERB ( up the hill | around the lake | to/ADP the next/ADJ village ) every ( morning | evening ) .
clause-coordination: {friend.np} slept/VERB until/ADP noon , but {hero.np} was up/ADV before/ADP the sun/NOUN .
object-infinitive: {hero.names} {elder.head} told {hero.him} to/PART ( rest/VERB | eat more/ADV | drink/VERB more/ADJ water/NOUN ) .
causative: the hill made/VERB {hero.his} legs hurt/VERB , but {hero.np} did n't stop/VERB .
conditional-real: “ if you train/VERB every day , you will/AUX be/AUX faster/ADJ , ” said {elder.the} .
> start
time-clause: when the day came/VERB , ( a hundred people | all the neighbours | both schools ) stood along the road .
intransitive: on the day of the race/NOUN , {hero.names} ( heart | hands/NOUN ) would not be/AUX ( still/ADJ | quiet/ADJ ) .
> race 2
transitive: at first/ADJ , {friend.np} was far in front/NOUN of {hero.np} .
clause-coordination: then {friend.np} looked back/ADV and ( fell/VERB | lost/VERB a shoe/NOUN ) .
gapping: {hero.np} passed one/NUM runner , and then another/PRON .
exclamative-how: how/ADV ( loudly | happily ) the people shouted/VERB !
> choice
vp-coordination: {hero.np} could have/AUX won/VERB , but {hero.he} stopped/VERB and helped {friend.np} up/ADP .
concession-clause: although {hero.np} was tired/ADJ , {hero.he} ran/VERB faster/ADV than/SCONJ {hero.he} had/AUX ever run/VERB:part .
correlative-coordination: they ran/VERB side/NOUN by side/NOUN , and neither/CCONJ {hero.np} nor {friend.np} looked back/ADV .
> result
passive-agent: in the end/NOUN , the race/NOUN was won/VERB by ( a girl from another village | an old man | {hero.np} ) .
subject-relative: the runner who/PRON won/VERB gave {prize.the} to/ADP {hero.np} and {friend.np} .
superlative: {hero.np} was not the fastest/ADJ , but ( everyone | the whole/ADJ town ) knew {hero.his} name/NOUN after/ADP that/DET day .
< thanks
< talk 2
< ending
""",
    "noise": """
thing = torch lamp candle stick broom umbrella basket hammer
animal = cat mouse hedgehog owl bat dog squirrel rat fox goose pigeon
< opening
> night
time-clause: one night , {hero.np} woke up because {hero.he} had/AUX heard a ( strange | loud/ADJ | soft ) noise .
existential: it was late/ADJ , and there/PRON was a noise ( in the kitchen | under the bed/NOUN | on the roof ) .
direct-speech: “ did you hear that/PRON ? ” asked {hero.np} . // transitive: {friend.np} , who/PRON was sleeping in the next/ADJ room , ( opened/VERB {friend.his} eyes | sat up/ADV ) .
> fear 2
modal: “ it may be/AUX ( a thief | a ghost | the wind/NOUN ) , ” {hero.s} ( whispered/VERB | thought/VERB ) .
too-to: {hero.s} was too ( afraid | frightened ) to/PART ( move/VERB | speak | breathe ) .
so-that: it was so dark/ADJ that/SCONJ {hero.he} could hardly see/VERB {hero.his} own hands/NOUN .
object-question: “ what was that/PRON ? ” {hero.s} asked {hero.himself} .
> dark
vp-coordination: {hero.s} took {thing.a} and went down the stairs .
fronted-adjunct: ( slowly | very slowly | step/NOUN by step/NOUN ) , {hero.np} ( walked | went ) ( to/ADP the door | into the kitchen ) .
clause-coordination: {hero.np} went first/ADV , and {friend.np} followed/VERB {hero.him} .
> look
yes-no-question: “ is anyone there/ADV ? ” {hero.s} called/VERB , but ( nobody/PRON answered/VERB | there/PRON was no answer/NOUN ) .
perception-complement: {hero.s} ( saw/VERB | heard ) something/PRON move/VERB ( behind the curtain | near the window ) .
negation: {hero.s} could n't see/VERB anything/PRON , for the light/NOUN was broken/ADJ .
> reveal
it-cleft: it was only {animal.a} that/PRON was ( eating/VERB the cheese | looking for {animal.his} dinner | sitting in the bread basket ) .
locative-inversion: on the table/NOUN sat {animal.a} . // direct-speech: “ so it was you ! ” said {hero.np} .
pseudo-cleft: what {hero.np} had/AUX heard was {animal.a} , and it was more afraid than/SCONJ {hero.he} was .
> calm 2
intransitive: {hero.np} and {friend.np} laughed/VERB ( until/SCONJ they cried/VERB | for a long time ) .
double-object: {hero.s} gave the {animal.head} ( some milk/NOUN | a piece/NOUN of bread | some water/NOUN ) .
gerund-complement: then {hero.he} closed/VERB the window and went back/ADV to/ADP bed/NOUN .
> morning
time-clause: when {hero.np} told {hero.his} {elder.head} about it in the morning , {elder.he} ( did n't believe {hero.him} | laughed/VERB , too | only smiled/VERB ) .
indirect-speech: in the morning , {hero.names} {elder.head} said that/SCONJ {elder.he} had/AUX not heard anything/PRON .
< talk 2
< ending
""",
    "cooking": """
dish = soup
fruit = lemon apple pear onion carrot potato tomato orange banana plum cabbage mushroom
< opening
< weather
> want
infinitive-complement: {hero.np} wanted/VERB to/PART ( make/VERB a cake/NOUN | cook/VERB dinner | make/VERB a soup ) for {hero.his} {elder.head} , who/PRON was ( ill | tired/ADJ | coming home/ADV that/DET day ) .
object-infinitive: {hero.names} {elder.head} asked {hero.him} to/PART make/VERB dinner for ( six | eight | ten ) guests .
> need
existential: there/PRON was ( enough/ADJ flour | plenty of sugar/NOUN | a bottle/NOUN of milk/NOUN ) , but there/PRON was no {fruit.head} in the house .
partitive: {hero.np} needed/VERB ( a cup/NOUN of milk/NOUN | a bag of flour | a pound of sugar/NOUN ) and ( some | three | a few/ADJ ) eggs .
> market 2
purpose-clause: {hero.np} and {friend.np} went to/ADP the market/NOUN to/PART buy {fruit.a} .
direct-speech: “ how/ADV much/ADJ is {fruit.the} ? ” asked {friend.np} . // direct-speech: “ ( two | three | four ) coins , ” said the ( farmer | woman ) .
quantifier: most/ADJ of the shops/NOUN were closed/ADJ , and all the bread was gone/VERB .
comparative: the apples in this/DET market/NOUN were ( cheaper | sweeter/ADJ | redder/ADJ ) than/ADP those/PRON at home .
> cook 3
clause-coordination: {hero.np} cut/VERB:past the {fruit.head} , and {friend.np} washed the ( plates/NOUN | bowls/NOUN | knives ) .
gapping: {hero.np} brought the flour , and {friend.np} the milk/NOUN .
imperative: “ stir it slowly , ” said {friend.np} , “ and do n't ( talk/VERB | stop/VERB ) . ”
passive-progressive: while the soup was being/AUX cooked/VERB , they ( set/VERB:past the table/NOUN | opened/VERB the window | told each/DET other/ADJ stories ) .
particle-joined: {friend.np} turned/VERB on the oven .
> trouble
time-clause: but while they were talking/VERB , something/PRON began to/PART burn/VERB .
exclamative-what: “ what/DET is that/DET smell/NOUN ? ” asked {friend.np} . // transitive: the kitchen was full/ADJ of smoke/NOUN .
cause-clause: because {hero.np} had/AUX taken salt/NOUN for sugar/NOUN , it tasted/VERB terrible .
> rescue
adjective-coordination: {friend.np} stayed/VERB calm/ADJ and found/VERB:past ( some cheese | six eggs | a piece/NOUN of bread ) .
let-us: “ let/VERB us start/VERB again , ” said {friend.np} . // copula: the second/ADJ one/NOUN was ( better/ADJ | much/ADV better/ADJ | perfect/ADJ ) .
> eat
enough-to: the {elder.head} came/VERB home/ADV just early/ADV enough/ADV to/PART eat with them .
superlative: “ this/PRON is the best/ADJ dinner of my life/NOUN , ” said {hero.names} {elder.head} .
passive-short: by ( eight | nine ) , everything/PRON had/AUX been/AUX eaten , and only {fruit.the} was left/VERB:part .
< talk 2
< ending
""",
    "journey": """
thing = map book letter passport umbrella camera watch hat scarf ticket coat bag phone wallet
city = PROPN
> who
copula: {hero.np} was ( twelve | fourteen | nineteen | twenty ) years/NOUN old and lived in ( a small village | a quiet/ADJ valley | an old house by the sea ) .
apposition: {hero.np} , {hero.a-young} , lived with {hero.his} {elder.head} ( near the mountains | on a farm/NOUN | by a lake ) .
existential: in a village far/ADV from the city lived {hero.a-child} {hero.called} {hero.np} .
> wish
negation: {hero.s} had/AUX never ( seen/VERB the sea | left/VERB:part the village | been/AUX on a train/NOUN ) .
gerund-complement: {hero.s} loved/VERB ( reading/VERB about/ADP other/ADJ countries | drawing/VERB maps/NOUN | watching/VERB the trains/NOUN ) .
> leave
past-perfect: {hero.np} had/AUX never been/AUX to/ADP {city.np} . // apposition: {friend.np} , {hero.his} oldest/ADJ friend/NOUN , lived there/ADV .
double-object: one day/NOUN , {friend.np} wrote {hero.np} a letter from {city.np} . // direct-speech: “ come/VERB and visit/VERB me , ” it said .
going-to: “ I am going/VERB to/PART visit/VERB {friend.np} in {city.np} , ” {hero.np} told {hero.his} {elder.head} .
> pack
transitive: {hero.np} put/VERB:past {thing.the} and some ( bread | apples | shirts ) into a bag .
direct-speech: “ do n't forget {thing.the} , ” said {hero.names} {elder.head} , “ and call/VERB me ( tomorrow/ADV | every day ) . ”
> train 2
intransitive: the train/NOUN ( left/VERB at ( seven | eight | nine ) | was late/ADJ | was full/ADJ of people ) .
past-progressive: {hero.np} was looking out of the window when ( an old man | a young/ADJ woman | a soldier ) sat down beside {hero.him} .
object-question: “ where/ADV are you going/VERB ? ” ( the man | the woman ) opposite/ADP {hero.him} asked .
equative: the fields were as/ADV ( green/ADJ | flat/ADJ ) as/ADP ( a table/NOUN | the sea ) .
existential: there/PRON were ( cows | sheep | horses ) in the fields and ( boats/NOUN | ships/NOUN ) on the river .
> problem
time-clause: when {hero.np} got/VERB off the train/NOUN , {hero.he} saw/VERB that/SCONJ {thing.the} was gone/VERB .
past-perfect: {hero.np} had/AUX left/VERB:part {thing.the} on the train/NOUN .
negation: nobody/PRON was waiting for {hero.np} at the station/NOUN , and {hero.his} phone/NOUN did n't work/VERB .
< sad
> help 2
yes-no-question: “ are you lost/ADJ ? ” asked ( a policeman | a taxi driver | a girl with a dog/NOUN ) .
object-infinitive: ( an old woman | a student ) told {hero.np} to/PART ( wait/VERB | sit down | drink/VERB some tea ) .
subject-relative: a man who/PRON knew the city well/ADV ( showed {hero.him} the way | drew a map/NOUN for {hero.him} | went with {hero.him} ) .
quantifier: every street looked/VERB the same/ADJ , but {hero.np} kept/VERB walking .
> arrive
perception-complement: then {hero.np} heard someone call/VERB {hero.his} name/NOUN . // it-cleft: it was {friend.np} .
so-that: {friend.np} was so glad that/SCONJ {friend.he} ( ran/VERB across the street | dropped/VERB {friend.his} bag | began to/PART sing ) .
> stay 2
vp-coordination: they ( visited/VERB the museum | climbed/VERB the tower/NOUN | walked through the old streets ) and ate/VERB ( ice cream | fish/NOUN and bread | soup ) .
passive-short: {thing.the} was found/VERB:part and sent/VERB back/ADV the next/ADJ day .
comparative: {city.np} was ( bigger | louder/ADJ | more beautiful ) than/SCONJ {hero.np} had/AUX thought/VERB .
extraposition: it was ( hard/ADJ | sad ) to/PART leave/VERB .
< thanks
< talk 2
< ending
""",
    "secret": """
thing = box chest jar letter suitcase drawer bottle bag basket barrel
treasure = ring doll watch key hat necklace coin map photo knife dress diary whistle medal
< opening
< character
> find
transitive: ( one day/NOUN | one rainy afternoon | in the summer/NOUN ) , {hero.np} found/VERB:past {thing.a} under the ( floor/NOUN | roof/NOUN | old bed/NOUN ) of the house .
adverbial-relative: in the room where/SCONJ {hero.names} {elder.head} kept/VERB {elder.his} old things/NOUN , there/PRON was {thing.a} .
passive-agent: {thing.a} had/AUX been/AUX hidden/VERB behind the wall by someone .
> wonder 2
indirect-question: {hero.s} wondered ( what it was | whose/DET it was | who/PRON had/AUX put/VERB:part it there/ADV ) .
modal: “ it must be/AUX very old , ” {hero.s} thought/VERB .
whose-relative: on it was written the name/NOUN of a woman whose/DET family had/AUX once lived there/ADV .
negation: {hero.s} did n't tell anyone about it .
< ask
> open 2
infinitive-complement: they tried/VERB to/PART open/VERB it , but ( it was locked/ADJ | the key/NOUN was missing/ADJ | they were not strong/ADJ enough/ADV ) .
resultative: {friend.np} pushed/VERB it open/ADJ with ( a knife | a stick/NOUN | a stone/NOUN ) .
partitive: half/NOUN of the words/NOUN on it could not be/AUX read/VERB:part .
attractor: the key/NOUN of the old boxes was too ( big | small ) .
> inside
locative-inversion: inside/ADV lay/VERB {treasure.a} . // exclamative-how: how/ADV ( old | beautiful | strange ) it was !
pseudo-cleft: what they found/VERB:past was {treasure.a} and a short/ADJ letter .
existential: there/PRON was nothing/PRON in it but {treasure.a} and an old photo .
> story
indirect-speech: {hero.names} {elder.head} said that/SCONJ it had/AUX belonged to/ADP {elder.his} ( mother | father | sister | brother ) .
direct-speech: “ I lost/VERB that/PRON when I was a child , ” said {hero.names} {elder.head} . // linking: {elder.he} became very quiet/ADJ .
reported-answer: {hero.np} showed it to/ADP {hero.his} {elder.head} , who/PRON ( smiled/VERB and said nothing/PRON | began to/PART laugh/VERB | told them an old story ) .
> keep
object-infinitive: {elder.the} allowed {hero.np} to/PART keep/VERB {treasure.the} .
prepositional-dative: they gave {treasure.the} to/ADP the museum , where/SCONJ it can still be/AUX seen/VERB .
possessive-s: today/ADV , {treasure.the} stands on {hero.names} table/NOUN .
< talk 2
< ending
""",
}
