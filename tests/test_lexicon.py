"""The lexicon: its size, its forms, its draws, and what it says to a malformed file."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml

from analysis.errors import InputError
from analysis.language.lexicon import DEFAULT_PATH, Lexicon, add_ending, add_ing, add_s, is_short, load_lexicon

HEAD = """\
CLASSES: {animate: person animal}
TAGS:
  NOUN: {one: person animal food, any: mass pet, values: eats}
  VERB: {some: intransitive transitive, any: stative, classes: obj subj}
"""


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return load_lexicon()


def test_it_has_the_words_and_parts_of_speech_asked_for(lexicon: Lexicon) -> None:
    upos = Counter(lexeme.upos for lexeme in lexicon.lexemes)
    assert len(lexicon.lexemes) >= 1700
    assert len(upos) >= 12


def test_common_forms_have_two_or_more_parts_of_speech(lexicon: Lexicon) -> None:
    homographs = lexicon.homographs()
    assert len(homographs) >= 150
    assert homographs["that"] == {"ADV", "DET", "PRON", "SCONJ"}
    assert homographs["watches"] == homographs["saw"] == {"NOUN", "VERB"}
    assert homographs["light"] == {"ADJ", "NOUN", "VERB"}
    assert homographs["round"] == {"ADJ", "ADP", "ADV", "NOUN"}
    assert {"ADJ", "VERB"} <= homographs["left"]
    assert homographs["to"] == {"ADP", "PART"}
    assert homographs["like"] == {"ADP", "SCONJ", "VERB"}
    assert "dog" not in homographs


def test_every_part_of_speech_has_homographs_to_tell_apart(lexicon: Lexicon) -> None:
    pairs = Counter(frozenset(upos) for upos in lexicon.homographs().values())
    assert pairs[frozenset({"NOUN", "VERB"})] >= 100
    assert sum(n for upos, n in pairs.items() if {"ADJ", "VERB"} <= upos) >= 15
    assert sum(n for upos, n in pairs.items() if {"ADP", "ADV"} <= upos) >= 15


@pytest.mark.parametrize(
    ("upos", "lemma", "name", "form"),
    [
        ("NOUN", "child", "pl", "children"),
        ("NOUN", "mouse", "pl", "mice"),
        ("NOUN", "knife", "pl", "knives"),
        ("NOUN", "city", "pl", "cities"),
        ("NOUN", "church", "pl", "churches"),
        ("NOUN", "stomach", "pl", "stomachs"),
        ("NOUN", "hero", "pl", "heroes"),
        ("NOUN", "piano", "pl", "pianos"),
        ("NOUN", "sheep", "pl", "sheep"),
        ("VERB", "go", "past", "went"),
        ("VERB", "go", "part", "gone"),
        ("VERB", "carry", "s", "carries"),
        ("VERB", "carry", "past", "carried"),
        ("VERB", "watch", "s", "watches"),
        ("VERB", "bake", "past", "baked"),
        ("VERB", "bake", "ing", "baking"),
        ("VERB", "stop", "past", "stopped"),
        ("VERB", "run", "ing", "running"),
        ("VERB", "enjoy", "past", "enjoyed"),
        ("VERB", "visit", "past", "visited"),
        ("VERB", "prefer", "past", "preferred"),
        ("VERB", "travel", "ing", "travelling"),
        ("VERB", "lie", "ing", "lying"),
        ("VERB", "see", "ing", "seeing"),
        ("VERB", "fix", "past", "fixed"),
        ("VERB", "show", "part", "shown"),
        ("VERB", "sell", "part", "sold"),
        ("AUX", "be", "were", "were"),
        ("ADJ", "good", "comp", "better"),
        ("ADJ", "bad", "sup", "worst"),
        ("ADJ", "big", "comp", "bigger"),
        ("ADJ", "happy", "sup", "happiest"),
        ("ADJ", "large", "comp", "larger"),
        ("ADJ", "lovely", "comp", "lovelier"),
        ("ADJ", "simple", "comp", "simpler"),
        ("ADJ", "new", "comp", "newer"),
        ("ADV", "soon", "comp", "sooner"),
        ("ADV", "well", "sup", "best"),
        ("PRON", "she", "acc", "her"),
        ("DET", "a", "an", "an"),
    ],
)
def test_forms(lexicon: Lexicon, upos: str, lemma: str, name: str, form: str) -> None:
    assert lexicon.get(upos, lemma).forms[name] == form


def test_forms_that_do_not_exist_are_missing(lexicon: Lexicon) -> None:
    assert "pl" not in lexicon.get("NOUN", "bread").forms
    for lemma in ("beautiful", "wooden", "boring", "tired", "dead", "French"):
        assert "comp" not in lexicon.get("ADJ", lemma).forms


def test_spelling_rules_hold_for_words_outside_the_lexicon() -> None:
    assert [add_s(w) for w in ("quay", "pony", "fox", "hiss")] == ["quays", "ponies", "foxes", "hisses"]
    assert [add_ending(w, "ed") for w in ("quit", "need", "bow", "dye")] == ["quitted", "needed", "bowed", "dyed"]
    assert [add_ing(w) for w in ("dye", "agree", "vie", "argue")] == ["dyeing", "agreeing", "vying", "arguing"]
    assert [is_short(w) for w in ("pale", "grumpy", "careful")] == [True, True, False]


def test_selection_has_the_tags_and_not_the_others(lexicon: Lexicon) -> None:
    chosen = lexicon.select("NOUN", "animal", "pet", without=["bird"])
    assert {"dog", "cat"} <= {x.lemma for x in chosen}
    assert "parrot" not in {x.lemma for x in chosen}
    assert all({"animal", "pet", "animate", "concrete"} <= x.tags for x in chosen)
    assert [x.rank for x in chosen] == sorted(x.rank for x in chosen)
    assert lexicon.select("NOUN", "animal", "pet", without=["bird"]) is chosen


def test_every_noun_is_either_concrete_or_abstract(lexicon: Lexicon) -> None:
    for noun in lexicon.select("NOUN"):
        assert len(noun.tags & {"concrete", "abstract"}) == 1, noun.lemma
        assert ("animate" in noun.tags) == bool(noun.tags & {"person", "animal"})


def test_classes_of_objects_and_subjects_are_spelt_out(lexicon: Lexicon) -> None:
    assert {"obj:food", "subj:person", "subj:animal"} <= lexicon.get("VERB", "eat").tags
    assert "subj:person" in lexicon.get("VERB", "drive").tags
    assert "subj:person" not in lexicon.get("VERB", "rain").tags


def test_every_demand_on_a_noun_is_met_by_a_noun(lexicon: Lexicon) -> None:
    for lexeme in (*lexicon.select("VERB"), *lexicon.select("ADJ")):
        reached = [kind for tag in lexeme.tags for p, _, kind in [tag.partition(":")] if p in ("obj", "subj", "of")]
        assert reached, f"{lexeme.upos} {lexeme.lemma} suits no noun"
        for kind in reached:
            assert lexicon.select("NOUN", kind), f"{lexeme.upos} {lexeme.lemma}: no noun is {kind}"


def test_every_kind_of_noun_has_adjectives(lexicon: Lexicon) -> None:
    head = yaml.safe_load(DEFAULT_PATH.read_text(encoding="utf-8"))["TAGS"]
    for kind in head["NOUN"]["one"].split():
        assert len(lexicon.select("NOUN", kind)) >= 8, kind
        assert len(lexicon.select("ADJ", f"of:{kind}")) >= 5, kind


def test_facts_point_to_words_of_the_lexicon(lexicon: Lexicon) -> None:
    for noun in lexicon.select("NOUN"):
        for value in noun.values.values():
            lexicon.get("NOUN", value)
    for country in lexicon.select("PROPN", "country"):
        assert "city" in lexicon.get("PROPN", country.values["capital"]).tags
        assert "continent" in lexicon.get("PROPN", country.values["lies"]).tags
        assert "language" in lexicon.get("PROPN", country.values["speaks"]).tags
        if "demonym" in country.values:
            assert "nationality" in lexicon.get("ADJ", country.values["demonym"]).tags
    for adjective in lexicon.select("ADJ", "opposite"):
        lexicon.get("ADJ", adjective.values["opposite"])
    assert [x.values["value"] for x in lexicon.select("NUM", "unit")][:3] == ["1", "2", "3"]


def test_drawn_words_follow_zipf(lexicon: Lexicon) -> None:
    rng = np.random.default_rng(1)
    counts = Counter(lexicon.draw(rng, "NOUN").rank for _ in range(60_000))
    ranks = np.arange(5, 101)
    slope = np.polyfit(np.log(ranks), np.log([counts[int(r)] for r in ranks]), 1)[0]
    assert -1.15 < slope < -0.75


def test_same_seed_same_words(lexicon: Lexicon) -> None:
    draws = []
    for _ in range(2):
        rng = np.random.default_rng(7)
        draws.append([Lexicon(lexicon.lexemes).draw(rng, "VERB", "transitive").lemma for _ in range(50)])
    assert draws[0] == draws[1]
    assert len(set(draws[0])) > 10


def test_it_is_loaded_once() -> None:
    assert load_lexicon() is load_lexicon()


def test_the_file_is_plain_yaml_of_strings() -> None:
    sections = yaml.safe_load(DEFAULT_PATH.read_text(encoding="utf-8"))
    for upos in set(sections) - {"TAGS", "CLASSES"}:
        assert all(isinstance(x, str) for pair in sections[upos].items() for x in pair), upos


def test_words_that_are_not_there_are_named(lexicon: Lexicon) -> None:
    with pytest.raises(InputError, match=r"no NOUN 'unicorn': add a line"):
        lexicon.get("NOUN", "unicorn")
    with pytest.raises(InputError, match=r"no NOUN with animal building: add one"):
        lexicon.draw(np.random.default_rng(0), "NOUN", "animal", "building")


def test_a_small_lexicon_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "own.yml"
    path.write_text(HEAD + "NOUN:\n  dog: animal pet | eats=bread\n  bread: food mass\n")
    dog = load_lexicon(path).get("NOUN", "dog")
    assert (dog.forms, dog.values, dog.rank) == ({"sg": "dog", "pl": "dogs"}, {"eats": "bread"}, 1)
    assert {"animal", "pet", "animate", "eats"} <= dog.tags


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("NOUN:\n  dog: animal pett\n", r"bad.yml, line 6: NOUN 'dog' has the unknown tag 'pett': mend it"),
        ("NOUN:\n  dog: animal | plural=dogs\n", r"line 6: NOUN 'dog' has the unknown tag 'plural'"),
        ("NOUN:\n  dog: animal\n  cat: animal\n  dog: pet\n", r"line 8: NOUN 'dog' stands twice: join"),
        ("NOUN:\n  dog: pet\n", r"NOUN 'dog' has no kind: give it exactly one of person, animal, food"),
        ("NOUN:\n  dog: animal food\n", r"NOUN 'dog' has animal and food: give it exactly one of"),
        ("NOUN:\n  dog:\n", r"NOUN 'dog' has no kind"),
        ("NOUN:\n  dog: [animal]\n", r"line 6: 'dog' has a list or mapping: write its tags on one line"),
        ("NOUN:\n  no: animal\n", r"line 6: NOUN 'no' is a special word of YAML: put it in quotes"),
        ("NOUN: dog\n", r"line 5: NOUN is no mapping: write lines"),
        ("VERB:\n  know: stative\n", r"VERB 'know' has too few tags: give it one or more of intransitive"),
        ("VERB:\n  eat: transitive\n", r"VERB 'eat' takes an object: say of which kind"),
        ("VERB:\n  eat: transitive obj:foood\n", r"VERB 'eat' has the unknown tag 'obj:foood'"),
        ("ADJ:\n  big: size\n", r"no tags for ADJ: add ADJ to the section TAGS"),
        ("NOUN:\n  dog: 'animal\n", r"bad.yml is not YAML, mend the place named: .*line"),
    ],
)
def test_a_malformed_entry_gives_one_clear_line(tmp_path: Path, body: str, message: str) -> None:
    path = tmp_path / "bad.yml"
    path.write_text(HEAD + body)
    with pytest.raises(InputError, match=message) as caught:
        load_lexicon(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"the file is no mapping"),
        ("NOUN: {dog: animal}\n", r"no section CLASSES: copy the head"),
        ("CLASSES: {}\nTAGS: {NOUN: {ones: animal}}\n", r"NOUN has a rule 'ones': use one of one, some"),
        ("CLASSES: {alive: robot}\nTAGS: {NOUN: {one: animal}}\n", r"class alive has 'robot': name kinds"),
    ],
)
def test_a_malformed_head_gives_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.yml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        load_lexicon(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yml cannot be read: give a lexicon file"):
        load_lexicon(tmp_path / "none.yml")
