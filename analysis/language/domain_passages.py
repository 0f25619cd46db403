"""Passages with questions that they answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from analysis.language.casting import draw_name
from analysis.language.chance import Dice, Table, lexeme_table, partners
from analysis.language.domain_facts import stem
from analysis.language.lexicon import Lexeme, load_lexicon
from analysis.language.numerals import numeral
from analysis.language.participants import Participant, thing
from analysis.language.patterns import Line, Pattern, Scene, named_lines, table_of, tell
from analysis.language.samples import Sample, on_new_line, shuffled_choices
from analysis.language.tokens import Tok, token

PEOPLE = 3
"""People of a passage; each fact about one has rivals in the same fact about the others."""
FILLER_RATE = 0.4
"""How often a sentence that answers nothing follows a fact."""
KINDS = 2
"""Kinds of fact that a passage tells about each of them."""
QUESTIONS = 4
"""Questions asked after each passage."""

FACTS = {
    "job": """
copula: {who} is {job.a} .
intransitive: {who} works/VERB as/ADP {job.a} .
linking: ( last/ADJ year , | in {month} , ) {who} became {job.a} .
""",
    "city": """
intransitive: {who} lives/VERB in {city} .
present-perfect: {who} has/AUX lived in {city} for {years} years .
intransitive: {who} moved/VERB to/ADP {city} in {month} .
""",
    "bought": """
transitive: on {day} , {who} bought {thing.a} .
transitive: {who} bought {thing.a} at the market/NOUN .
it-cleft: it was {thing.a} that/PRON {who} bought in {month} .
purpose-clause: {who} went to/ADP the shop/NOUN to/PART buy {thing.a} , and bought it .
""",
    "pet": """
transitive: {who} has/VERB {pet.a} called {nick} .
apposition: {who} has/VERB a friend/NOUN with four legs/NOUN , {pet.a} called {nick} .
""",
    "likes": """
transitive: {who} likes/VERB {food} more than/ADP anything .
frequency-adverb: {who} eats {food} every ( morning | evening | day ) .
passive-short: {who} was given/VERB {food} for dinner , and asked/VERB for more/ADJ .
""",
    "met": """
transitive: in {month} , {who} met {job2.a} ( on a train/NOUN | in a park/NOUN | at a party ) .
passive-agent: {who} was visited by {job2.a} on {day} .
""",
}
"""Sentences by the fact that they tell."""

FILLERS = """
copula: the weather was ( good | bad | warm/ADJ | cold/ADJ ) that/DET ( day | week ) .
parenthetical: that/PRON , of course , is ( no secret/NOUN | well/ADV known ) .
negation: nobody/PRON ( asked why | was surprised/ADJ | said anything ) .
indirect-speech: the neighbours say/VERB that/SCONJ this is ( true | good | strange ) .
"""

ASK = {
    "job": "question/NOUN : what is {who} ?",
    "city": "question/NOUN : where/ADV does {who} live/VERB ?",
    "bought": "question/NOUN : what did {who} buy/VERB ?",
    "pet": "question/NOUN : what animal/NOUN does {who} have/VERB ?",
    "likes": "question/NOUN : what does {who} like/VERB to/PART eat ?",
    "met": "question/NOUN : who did {who} meet/VERB ?",
    "who-city": "question/NOUN : who lives/VERB in {city} ?",
    "who-job": "question/NOUN : who is {job.a} ?",
    "who-bought": "question/NOUN : who bought {thing.a} ?",
}
"""Questions by what they ask for; ``who-`` asks for the person."""

REVERSED = {
    "city": "{who} lives/VERB in",
    "bought": "{who} bought",
    "job": "{who} is",
}
"""Statements to be completed, never trained on in this place: a format for testing without training."""


@dataclass(slots=True)
class Fact:
    """One fact of a passage: about whom, of what kind, and the words that answer its question."""

    about: Participant
    kind: str
    answer: list[Tok]
    cast: dict[str, Participant]


@lru_cache(maxsize=1)
def compiled() -> tuple[dict[str, tuple[Line, ...]], tuple[Line, ...], dict[str, Pattern], dict[str, Pattern]]:
    """Return the lines by fact, the fillers, the questions and the statements to be completed."""
    facts = {kind: tuple(named_lines(block)) for kind, block in FACTS.items()}
    asked = {kind: Pattern(source, "passage-question") for kind, source in ASK.items()}
    reversed_ = {kind: Pattern(source, "completion") for kind, source in REVERSED.items()}
    return facts, tuple(named_lines(FILLERS)), asked, reversed_


def _united(*tags: str) -> Table[Lexeme]:
    """Return the countable nouns with any of the tags."""
    found = [x for tag in tags for x in table_of("NOUN", (tag,), ("mass",)).items]
    return lexeme_table(tuple(dict.fromkeys(found)))


@cache
def _values(kind: str) -> Table[Lexeme]:
    """Return what may answer a question of a kind."""
    if kind == "city":
        return table_of("PROPN", ("city",))
    if kind == "bought":
        return _united("clothing", "toy", "furniture")
    if kind == "pet":
        return _united("pet", "farm", "bird")
    if kind == "likes":
        return lexeme_table([x for x in table_of("NOUN", ("food",)).items if x.lemma not in NOT_A_DISH])
    return table_of("NOUN", ("occupation",), ("male", "female"))


NOT_A_DISH = frozenset(["food", "meal", "breakfast", "lunch", "dinner", "seed", "butter", "sugar", "flour", "cream"])
"""Food that nobody is given for dinner."""

SLOTS = {"job": "job", "city": "city", "bought": "thing", "pet": "pet", "likes": "food", "met": "job2"}
"""Name of each fact's value in the patterns."""


def _phrase(kind: str, value: Lexeme) -> Participant:
    if kind == "likes":
        found = thing(value, "sg" if "mass" in value.tags else "pl")
        return Participant({"np": found.forms["noun"]}, value)
    return thing(value)


def _answer(kind: str, phrase: Participant) -> list[Tok]:
    """Return an answer as it stands after *Answer:*."""
    if kind == "city":
        return [token(load_lexicon().get("ADP", "in"), "base"), *phrase.forms["np"]]
    return list(phrase.forms["np" if kind == "likes" else "a"])


def _people(dice: Dice) -> list[Participant]:
    found: list[Participant] = []
    while len(found) < PEOPLE:
        if (one := draw_name(dice)) not in found:
            found.append(one)
    return found


def _facts(scene: Scene, kinds: list[str]) -> list[Fact]:
    """Return facts of each kind about each person, no value twice; person and value are a combination of the split."""
    people = _people(scene.dice)
    found = []
    for kind in kinds:
        taken: set[Lexeme] = set()
        for one in people:
            table = partners(one.lexeme.lemma, _values(kind), scene.split)
            value = scene.dice.draw_besides(table, taken) or scene.dice.draw_besides(_values(kind), taken)
            assert value is not None
            taken.add(value)
            phrase = _phrase(kind, value)
            found.append(Fact(one, kind, _answer(kind, phrase), {"who": one, SLOTS[kind]: phrase}))
    return found


def _tell(scene: Scene, facts: list[Fact]) -> list[list[Tok]]:
    """Return the passage: its facts person by person, some sentences that answer nothing among them."""
    dice, names = scene.dice, scene.names
    lines, fillers, _, _ = compiled()
    told: list[list[Tok]] = []
    last: Participant | None = None
    for fact in facts:
        names |= fact.cast
        names["month"] = thing(dice.draw(table_of("PROPN", ("month",))))
        names["day"] = thing(dice.draw(table_of("PROPN", ("day",))))
        names["nick"] = thing(dice.pick(table_of("PROPN", ("title",)).items[:12]))
        names["years"] = Participant({"np": numeral(dice.between(2, 20))}, fact.about.lexeme)
        if fact.about is last and dice.random() < 0.6:
            names["who"] = Participant({"np": fact.about.forms["he"]}, fact.about.lexeme)
        tell(dice.pick(lines[fact.kind]), scene, told)
        last = fact.about
        if dice.random() < FILLER_RATE / 2:
            tell(dice.pick(fillers), scene, told)
            last = None
    return told


def _ask(
    scene: Scene, facts: list[Fact], patterns: dict[str, Pattern]
) -> tuple[list[Tok], list[Tok], list[list[Tok]], str]:
    """Return a question, its answer, the rival answers and the kind."""
    kinds = [kind for kind in patterns if kind.removeprefix("who-") in {fact.kind for fact in facts}]
    asked = scene.dice.pick(kinds)
    kind = asked.removeprefix("who-")
    rivals = [fact for fact in facts if fact.kind == kind]
    fact = scene.dice.pick(rivals)
    scene.names |= fact.cast
    question = patterns[asked](scene)
    if asked != kind:
        right = list(fact.about.forms["np"])
        wrong = [list(other.about.forms["np"]) for other in rivals if other is not fact]
    else:
        right, wrong = fact.answer, [other.answer for other in rivals if other is not fact]
    return question, right, wrong, asked


def _passage(scene: Scene) -> tuple[list[Fact], list[list[Tok]]]:
    kinds = scene.dice.sample(tuple(FACTS), KINDS)
    facts = _facts(scene, kinds)
    order = {one: i for i, one in enumerate(dict.fromkeys(fact.about.lexeme.lemma for fact in facts))}
    facts.sort(key=lambda fact: order[fact.about.lexeme.lemma])
    return facts, _tell(scene, facts)


def passage_question(scene: Scene) -> Sample:
    """Return a passage with one question, whose wrong answers are true of the passage's other people."""
    facts, told = _passage(scene)
    question, right, wrong, kind = _ask(scene, facts, compiled()[2])
    choices, answer = shuffled_choices(scene, right, wrong)
    return Sample([*told, question], stem()(scene), choices, answer, kind)


def who_question(scene: Scene) -> Sample:
    """Return a passage with the question of who did something; the wrong answers are people it does not name."""
    patterns = {kind: pattern for kind, pattern in compiled()[2].items() if kind.startswith("who-")}
    facts, told = _passage_for(scene, patterns)
    question, right, _, kind = _ask(scene, facts, patterns)
    named = [fact.about for fact in facts]
    strangers: list[Participant] = []
    while len(strangers) < PEOPLE - 1:
        if (stranger := draw_name(scene.dice)) not in [*named, *strangers]:
            strangers.append(stranger)
    choices, answer = shuffled_choices(scene, right, [list(one.forms["np"]) for one in strangers])
    return Sample([*told, question], stem()(scene), choices, answer, kind)


def passage_completion(scene: Scene) -> Sample:
    """Return a passage with a statement to be completed; the wrong endings are true of its other people."""
    patterns = compiled()[3]
    facts, told = _passage_for(scene, patterns)
    statement, right, wrong, kind = _ask(scene, facts, patterns)
    bare = kind == "city"  # the statement has the preposition
    choices, answer = shuffled_choices(scene, right[bare:], [other[bare:] for other in wrong])
    return Sample(told, statement, choices, answer, f"completion-{kind}")


def _passage_for(scene: Scene, patterns: dict[str, Pattern]) -> tuple[list[Fact], list[list[Tok]]]:
    """Return a passage that tells something that can be asked."""
    while True:
        facts, told = _passage(scene)
        if {fact.kind for fact in facts} & {kind.removeprefix("who-") for kind in patterns}:
            return facts, told


def passage_with_questions(scene: Scene) -> list[list[Tok]]:
    """Return a passage with several questions and their answers as running text."""
    facts, told = _passage(scene)
    seen = set()
    for _ in range(QUESTIONS):
        question, right, wrong, kind = _ask(scene, facts, compiled()[2])
        if tuple(question) in seen:
            continue
        seen.add(tuple(question))
        choices, answer = shuffled_choices(scene, right, wrong)
        first, *rest = Sample([question], stem()(scene), choices, answer, kind).sentences()
        told += [on_new_line(first), *rest]
    return told
