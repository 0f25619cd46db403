# ruff: noqa: E501 - a pattern is one line
"""Reviews of films, whose sentiment must be weighed; and, never trained on, of restaurants and gadgets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from analysis.language.casting import draw_name, quality
from analysis.language.chance import Dice, Table, lexeme_table, partners
from analysis.language.lexicon import Lexeme, load_lexicon
from analysis.language.participants import Participant, person, thing
from analysis.language.patterns import Line, Pattern, Scene, named_lines, table_of, tell
from analysis.language.samples import Sample
from analysis.language.tokens import Tok

CLEAR_RATE = 0.45
"""Share of reviews whose statements mostly agree."""
AGREEMENT = {True: 0.88, False: 0.66}
"""How often a statement agrees with the reviewer's leaning, in clear reviews and in others."""
NEUTRAL_RATE = 0.3
"""How often a neutral sentence precedes a statement."""
STATEMENTS = (4, 7)
"""Fewest and most statements of a review."""

OPENING = """
copula: {title} is a new ( comedy | drama | thriller | romance | western/NOUN | film ) by {maker.full} .
past-perfect: I had/AUX waited a long time for {title} , the ( new | latest/ADJ | second/ADJ ) film by {maker.full} .
transitive: last/ADJ ( week | night | Friday ) , I saw/VERB {title} with ( my {kin.head} | a friend/NOUN | two friends ) .
subject-relative: {title} is a ( film | story | drama ) about ( {job.a} who ( travels@job to/ADP {city} | loses@job everything/PRON | finds@job a secret/NOUN | falls/VERB@job in love/NOUN ) | two {jobs.noun} who ( travels@jobs to/ADP {city} | loses@jobs everything/PRON | finds@jobs a secret/NOUN | falls/VERB@jobs in love/NOUN ) ) .
indirect-speech: everyone told me that/SCONJ {title} was the film of the year .
passive-agent: {title} was directed by {maker.full} , who also ( wrote the script | played/VERB the hero ) .
cause-clause: I went to/PART see/VERB {title} because ( my {kin.head} likes/VERB {maker.full} | it was raining | a friend/NOUN had/AUX two tickets ) .
"""
"""Sentences that name the film and say nothing about its worth."""

NEUTRAL = """
apposition: {star.full} , ( a young/ADJ ( actor | singer ) | a young/ADJ dancer ) , plays/VERB {job.the} .
adverbial-relative: the story begins in {city} , where/SCONJ {job.a} ( meets/VERB | helps | hides ) {job2.a} .
time-clause: when {job.the} comes home , the ( door | house ) is open/ADJ and ( the money | his {kin.head} ) is gone .
present-perfect: {maker.name} has/AUX made/VERB:part ( three | four | six ) films/NOUN about {city} .
indirect-question: for an hour we do not know/VERB ( who killed/VERB {job.the} | why {job.the} came/VERB to/ADP {city} | whether {job.the} is still alive ) .
partitive: ( half/NOUN | most/ADJ | some/PRON ) of the scenes were filmed in {city} .
existential: there/PRON are only ( two | three | five ) ( songs | actors | rooms ) in it .
superlative: it is the ( longest/ADJ | shortest | oldest ) film that/PRON {maker.name} has/AUX made/VERB:part .
comparative: it is ( longer/ADJ | shorter | quieter ) than/ADP the first/ADJ film by {maker.name} .
negation: I did not know/VERB the book/NOUN before/SCONJ I saw/VERB the film .
"""
"""Sentences in between that say nothing about its worth."""

SINGLE = """
copula: {aspect.the} was@aspect {adj} .
linking: {aspect.the} seemed/VERB {adj} to/ADP me .
object-relative: {aspect.the} that/PRON we ( saw/VERB | got/VERB ) was@aspect {adj} .
adjective-coordination: {aspect.the} was@aspect {adj} and {same} .
indirect-speech: my {kin.head} thought/VERB that/SCONJ {aspect.the} was@aspect {adj} , and I agree .
extraposition: it is true that/SCONJ {aspect.the} was@aspect {adj} .
negation: {aspect.the} was@aspect ( not | never ) {opposite} .
"""
"""Statements of weight one."""

STRONG = """
copula: {aspect.the} was@aspect ( truly | utterly | really ) {adj} .
exclamative-how: how {adj} {aspect.the} was@aspect !
superlative: it has/VERB the {adj.most} {aspect.noun} of the year .
polarity-ever: it has/VERB the {adj.most} {aspect.noun} I have/AUX ever ( heard | seen/VERB ) .
so-that: {aspect.the} was@aspect so {adj} that/SCONJ I told everyone about it .
"""
"""Statements of weight two."""

CONTRAST = """
concession-clause: although {other.the} was@other {unlike} , {aspect.the} was@aspect {adj} .
clause-coordination: {other.the} was@other perhaps {unlike} , but {aspect.the} was@aspect ( very | really ) {adj} .
correlative-coordination: yes/INTJ , {other.the} was@other {unlike} , but {aspect.the} was@aspect {adj} .
"""
"""Statements of weight one that admit the contrary first."""

OVERALL = {
    1: """
transitive: it ( charmed | delighted/VERB | amused | thrilled | impressed ) me from the first/ADJ minute to/ADP the last/ADJ one/NOUN .
copula: it is a ( masterpiece | gem | triumph | delight/NOUN | treat/NOUN ) .
future: I will/AUX ( see/VERB it again | recommend it to/ADP all/DET my friends ) .
exclamative-what: what/DET a ( masterpiece | triumph | delight/NOUN | treat/NOUN ) !
gerund-complement: I enjoyed ( watching/VERB it | every minute of it ) .
passive-agent: I was ( moved/VERB | charmed | fascinated ) by it .
conditional-unreal: if I could , I would see/VERB it again tomorrow/ADV .
""",
    -1: """
transitive: it ( bored/VERB | annoyed | disappointed/VERB | confused ) me from the first/ADJ minute to/ADP the last/ADJ one/NOUN .
copula: it is a ( mess/NOUN | disaster | failure | disappointment | bore/NOUN ) .
past-perfect: after/ADP an hour , I had/AUX ( seen/VERB enough/ADV | lost/VERB:part all/DET interest/NOUN | fallen/VERB asleep ) .
exclamative-what: what/DET a ( mess/NOUN | disaster | waste/NOUN of time | disappointment ) !
prohibition: do n't ( waste/VERB your money on it | go/VERB and see/VERB it ) .
passive-agent: I was ( bored/VERB:part | annoyed | confused ) by it .
conditional-unreal: if I had/AUX known , I would have/AUX stayed/VERB at home .
""",
}
"""Statements about the whole, of weight two, by sentiment."""

ASPECTS = ("acting sg, plot sg, dialogue sg, music sg, camerawork sg, ending sg, script sg, soundtrack sg, direction sg, "
           "costume pl, scene pl, editing sg, cast sg, humour sg, song pl, story sg, character pl, performance pl")  # fmt: skip
OTHERS = {
    "restaurants": (
        "food sg, soup sg, waiter sg, wine sg, bread sg, kitchen sg, table pl, salad sg, coffee sg, meal sg, cheese sg, cake sg, fish sg, chair pl, window pl, music sg",
        """
locative: last/ADJ ( week | night | Friday ) , I ate/VERB in a new restaurant in {city} with my {kin.head} .
existential: there/PRON is a new restaurant near the ( station/NOUN | market/NOUN | river ) in {city} .
""",
        """
existential: there/PRON were only ( two | three | five ) tables in the room .
transitive: we had/VERB ( soup | fish/NOUN | chicken ) and a bottle/NOUN of wine .
subject-relative: the woman who/PRON brought the ( cheese | bread | water/NOUN ) was from {city} .
""",
    ),
    "gadgets": (
        "screen sg, battery sg, camera sg, sound sg, software sg, price sg, colour pl, program pl, light sg, music sg, picture pl, radio sg, box sg, map pl, game pl, clock sg",
        """
transitive: last/ADJ ( week | month ) , I bought ( a new phone/NOUN | a new computer | a new laptop ) .
double-object: my {kin.head} gave me ( a phone/NOUN | a computer | a laptop ) for my birthday .
""",
        """
copula: it is ( black/ADJ | white/ADJ | grey/ADJ ) and ( small | thin/ADJ ) .
frequency-adverb: I use/VERB it every ( day | morning ) in the office .
time-clause: when it came , it was in a ( small | big ) box/NOUN .
""",
    ),
}
"""Aspects, openings and neutral sentences of reviews that training never shows."""
WEIGHTS = {"single": 1, "strong": 2, "contrast": 1, "overall": 2}
KINDS = Table(("single", "strong", "contrast", "overall"), (0.42, 0.18, 0.18, 0.22))
LABELS = {1: "positive", -1: "negative"}


@dataclass(slots=True)
class Voice:
    """What a kind of review is made of."""

    opening: tuple[Line, ...]
    neutral: tuple[Line, ...]
    aspects: tuple[Participant, ...]
    praise: dict[int, Table[Lexeme]]
    statements: dict[str, tuple[Line, ...]]
    overall: dict[int, tuple[Line, ...]]
    verdict: Pattern


def _aspects(words: str) -> tuple[Participant, ...]:
    pairs = [item.split() for item in words.split(",")]
    return tuple(thing(load_lexicon().get("NOUN", lemma), number) for lemma, number in pairs)


@lru_cache(maxsize=1)
def compiled() -> Voice:
    """Return the voice of film reviews."""
    return _voice(OPENING, NEUTRAL, ASPECTS)


@cache
def voice(name: str) -> Voice:
    """Return the voice of another kind of review; it has the films' adjectives and verdicts, but other nouns."""
    aspects, opening, neutral = OTHERS[name]
    return _voice(opening, neutral, aspects)


def _voice(opening: str, neutral: str, aspects: str) -> Voice:
    statements = {"single": SINGLE, "strong": STRONG, "contrast": CONTRAST}
    return Voice(
        tuple(named_lines(opening)),
        tuple(named_lines(neutral)),
        _aspects(aspects),
        {1: _judging("pos"), -1: _judging("neg")},
        {name: tuple(named_lines(block)) for name, block in statements.items()},
        {sign: tuple(named_lines(block)) for sign, block in OVERALL.items()},
        Pattern("verdict/NOUN :", "verdict"),
    )


UNFIT = frozenset({"complicated", "violent", "fake", "romantic", "serious", "scary"})
"""Adjectives of films that say little of their worth, or do not suit every aspect."""


def _judging(polarity: str) -> Table[Lexeme]:
    found = table_of("ADJ", ("film", polarity, "of:film"), ("infinitive",)).items
    return lexeme_table([x for x in found if x.lemma not in UNFIT])


def title(scene: Scene) -> Participant:
    """Return a film's title: a name, or a phrase of capitals."""
    dice = scene.dice
    if dice.random() < 0.4:
        return thing(dice.draw(table_of("PROPN", ("title",))))
    noun = dice.draw(table_of("NOUN", ("nature",) if dice.random() < 0.5 else ("building",), ("mass",)))
    adjective = dice.draw(_title_words())
    found = thing(noun, "sg", adjective)
    forms = {"np": tuple((t[0].capitalize(), *t[1:]) for t in found.forms["the"])}
    return Participant(forms, noun, kind="artwork")


@lru_cache(maxsize=1)
def _title_words() -> Table[Lexeme]:
    words = [
        "last",
        "first",
        "silent",
        "broken",
        "empty",
        "hidden",
        "golden",
        "dark",
        "lost",
        "secret",
        "red",
        "white",
        "black",
        "blue",
        "green",
        "cold",
    ]
    return lexeme_table([x for x in load_lexicon().select("ADJ") if x.lemma in words])


def _characters(scene: Scene) -> None:
    """Cast the people of the film and around it, and its title."""
    dice, names = scene.dice, scene.names
    names["title"] = title(scene)
    for name in ("maker", "star"):
        first = draw_name(dice)
        names[name] = person(first.lexeme, dice.draw(table_of("PROPN", ("surname",))))
    jobs = table_of("NOUN", ("occupation",), ("film",))
    names["job"], names["job2"] = thing(dice.draw(jobs)), thing(dice.draw(jobs))
    names["jobs"] = thing(names["job"].lexeme, "pl")
    names["kin"] = thing(dice.draw(table_of("NOUN", ("family",), ("wife", "husband"))))
    names["city"] = thing(dice.draw(table_of("PROPN", ("city",))))


def _judge(scene: Scene, voice: Voice, sign: int, aspects: list[Participant]) -> None:
    """Cast one aspect with an adjective of the sentiment, and another with the contrary."""
    names, dice = scene.names, scene.dice
    names["aspect"], names["other"] = aspects.pop(), aspects.pop()
    for name, noun, polarity in (("adj", "aspect", sign), ("unlike", "other", -sign), ("opposite", "aspect", -sign)):
        table = partners(names[noun].lexeme.lemma, voice.praise[polarity], scene.split)
        names[name] = quality(dice.draw(table))
    names["same"] = quality(dice.draw(voice.praise[sign]))
    if names["same"] is names["adj"]:
        names["same"] = quality(load_lexicon().get("ADJ", "good" if sign > 0 else "bad"))


def _weigh(scene: Scene) -> list[tuple[str, int]]:
    """Return statements as (kind, sentiment); their weights never cancel out."""
    dice = scene.dice
    while True:
        leaning = 1 if dice.random() < 0.5 else -1
        rate = AGREEMENT[dice.random() < CLEAR_RATE]
        count = dice.between(*STATEMENTS)
        drawn = [(dice.draw(KINDS), leaning if dice.random() < rate else -leaning) for _ in range(count)]
        if sum(WEIGHTS[kind] * sign for kind, sign in drawn):
            return drawn


def review(scene: Scene, manner: Voice | None = None) -> Sample:
    """Return one review; its verdict is the sign of the summed weights of its statements."""
    manner = manner or compiled()
    dice = scene.dice
    _characters(scene)
    told: list[list[Tok]] = []
    tell(dice.pick(manner.opening), scene, told)
    statements = _weigh(scene)
    aspects = dice.shuffled(manner.aspects)
    neutral, overall = dice.shuffled(manner.neutral), {s: dice.shuffled(x) for s, x in manner.overall.items()}
    for kind, sign in statements:
        if neutral and dice.random() < NEUTRAL_RATE:
            tell(neutral.pop(), scene, told)
        if kind == "overall":
            tell(overall[sign].pop(), scene, told)
        else:
            _judge(scene, manner, sign, aspects if kind == "contrast" else [aspects[0], aspects.pop()])
            tell(dice.pick(manner.statements[kind]), scene, told)
    total = sum(WEIGHTS[kind] * sign for kind, sign in statements)
    return Sample(told, manner.verdict(scene), verdicts(), 0 if total > 0 else 1, _group(total))


def verdicts() -> list[list[Tok]]:
    """Return the two verdicts as choices."""
    return [[(LABELS[sign], LABELS[sign], "ADJ", "Degree=Pos", "verdict")] for sign in (1, -1)]


def _group(total: int) -> str:
    return "clear" if abs(total) > 3 else "close"


@lru_cache(maxsize=1)
def _reworded() -> tuple[Pattern, list[list[Tok]]]:
    answers = [Pattern(words, "reworded")(Scene(Dice(None))) for words in ("good", "bad")]  # type: ignore[arg-type]
    return Pattern("in short/ADJ , the film was", "reworded"), answers


def reworded_review(scene: Scene) -> Sample:
    """Return a review whose sentiment is asked for in words that training never uses for it."""
    made = review(scene)
    stem, answers = _reworded()
    return Sample(made.before, stem(scene), answers, made.answer, made.group)
