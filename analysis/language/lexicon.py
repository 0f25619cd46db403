"""The lexicon of the teaching language: its words, their forms, features and frequency ranks.

The words stand in ``data/lexicon.yml``, one line each; regular forms and weights are computed here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

import numpy as np
import yaml

from analysis.errors import InputError

DEFAULT_PATH = Path(__file__).parents[2] / "data" / "lexicon.yml"
ZIPF_SHIFT = 2.7
"""Mandelbrot's shift: a lexeme of rank r has the weight 1 / (r + ZIPF_SHIFT)."""

FORM_KEYS: dict[str, tuple[str, ...]] = {
    "NOUN": ("sg", "pl"),
    "PROPN": ("sg",),
    "VERB": ("base", "s", "past", "part", "ing"),
    "AUX": ("base", "s", "past", "part", "ing", "am", "are", "were"),
    "ADJ": ("pos", "comp", "sup"),
    "ADV": ("pos", "comp", "sup"),
    "PRON": ("nom", "acc", "poss", "pl"),
    "DET": ("base", "an", "pl"),
}
"""The forms that a part of speech can have, the citation form first; the others have ``base`` alone."""

RULES = ("one", "some", "any", "values", "classes")


@dataclass(frozen=True, slots=True)
class Lexeme:
    """One word of the lexicon with all its forms.

    Attributes
    ----------
    lemma, upos : str
        Dictionary form and universal part of speech.
    forms : mapping of str to str
        Forms by name (`FORM_KEYS`); a form that does not exist has no entry.
    tags : frozenset of str
        Features as written, plus those that follow from them (`Lexicon` says which).
    rank : int
        Frequency rank within the part of speech, 1 the most frequent.
    values : mapping of str to str
        Features that have a value, such as ``capital`` or ``particle``; their names are tags as well.
    """

    lemma: str
    upos: str
    forms: Mapping[str, str] = field(hash=False)
    tags: frozenset[str]
    rank: int
    values: Mapping[str, str] = field(hash=False, default_factory=dict)


Selection = tuple[tuple[Lexeme, ...], list[float]]


class Lexicon:
    """All lexemes, to be selected by features and drawn by frequency.

    A noun has, beside its kind, the classes that contain it (``animate``, ``thing`` …). A verb's ``obj:`` and
    ``subj:`` and an adjective's ``of:`` tags name every kind that they reach: ``obj:animate`` brings
    ``obj:person`` and ``obj:animal``. A verb that says nothing about its subject has ``subj:person``.

    Parameters
    ----------
    lexemes : iterable of Lexeme
        In order of frequency within each part of speech.
    """

    def __init__(self, lexemes: Iterable[Lexeme]) -> None:
        self.lexemes = tuple(lexemes)
        self._by_key = {(x.upos, x.lemma): x for x in self.lexemes}
        self._found: dict[tuple[str, frozenset[str], frozenset[str]], Selection] = {}

    def get(self, upos: str, lemma: str) -> Lexeme:
        """Return the lexeme of that part of speech and lemma, or raise `InputError`."""
        if (upos, lemma) not in self._by_key:
            raise InputError(f"the lexicon has no {upos} {lemma!r}: add a line for it to data/lexicon.yml")
        return self._by_key[upos, lemma]

    def select(self, upos: str, *tags: str, without: Iterable[str] = ()) -> tuple[Lexeme, ...]:
        """Return the lexemes that have all ``tags`` and none of ``without``, most frequent first."""
        return self._find(upos, tags, without)[0]

    def draw(self, rng: np.random.Generator, upos: str, *tags: str, without: Iterable[str] = ()) -> Lexeme:
        """Draw one lexeme of that selection with Zipf's weights; takes one number from ``rng``."""
        chosen, cumulative = self._find(upos, tags, without)
        if not chosen:
            wanted = " ".join(tags) or "any tags"
            raise InputError(f"the lexicon has no {upos} with {wanted}: add one to data/lexicon.yml")
        index = bisect_right(cumulative, float(rng.random()) * cumulative[-1])
        return chosen[min(index, len(chosen) - 1)]

    def _find(self, upos: str, tags: Iterable[str], without: Iterable[str]) -> Selection:
        """Return a selection with its cumulative weights, computed once."""
        key = (upos, frozenset(tags), frozenset(without))
        if key not in self._found:
            fitting = (x for x in self.lexemes if x.upos == upos and key[1] <= x.tags)
            chosen = tuple(x for x in fitting if not key[2] & x.tags)
            self._found[key] = (chosen, list(accumulate(1 / (x.rank + ZIPF_SHIFT) for x in chosen)))
        return self._found[key]

    def homographs(self) -> dict[str, frozenset[str]]:
        """Return the forms that occur under two or more parts of speech, with these."""
        found: dict[str, set[str]] = {}
        for lexeme in self.lexemes:
            for form in lexeme.forms.values():
                found.setdefault(form, set()).add(lexeme.upos)
        return {form: frozenset(upos) for form, upos in sorted(found.items()) if len(upos) > 1}


def _doubles(word: str) -> bool:
    """Say whether the last consonant is doubled before a vowel: one syllable, one vowel, one consonant."""
    return re.fullmatch(r"(qu|[^aeiou])*[aeiou][^aeiouwxy]", word) is not None


def _ends_in_consonant_y(word: str) -> bool:
    return re.search(r"[^aeiou]y$", word) is not None


def add_s(word: str) -> str:
    """Return the regular plural of a noun, or the third person of a verb."""
    if _ends_in_consonant_y(word):
        return word[:-1] + "ies"
    return word + ("es" if re.search(r"(s|x|z|ch|sh)$", word) else "s")


def add_ending(word: str, ending: str, doubling: bool = False) -> str:
    """Return ``word`` with ``ed``, ``er`` or ``est``; ``doubling`` is for longer words, as *prefer*."""
    if word.endswith("e"):
        return word + ending[1:]
    if _ends_in_consonant_y(word):
        return word[:-1] + "i" + ending
    return word + (word[-1] if doubling or _doubles(word) else "") + ending


def add_ing(word: str, doubling: bool = False) -> str:
    """Return the regular *-ing* form of a verb."""
    if word.endswith("ie"):
        return word[:-2] + "ying"
    if re.search(r"[^eoy]e$", word):
        return word[:-1] + "ing"
    return word + (word[-1] if doubling or _doubles(word) else "") + "ing"


def is_short(word: str) -> bool:
    """Say whether an adjective is short enough for *-er*: one syllable, or two with *-y*."""
    vowels = re.findall(r"[aeiou]+|(?<!^)y", re.sub(r"(?<=[^aeiou])(?<![^aeiou]l)e(?=$|ly$)", "", word))
    return len(vowels) == 1 or (len(vowels) == 2 and _ends_in_consonant_y(word))


def inflect(upos: str, lemma: str, tags: Iterable[str], given: Mapping[str, str]) -> dict[str, str]:
    """Return all forms of a lexeme: the regular ones, overridden by the irregular ones given.

    The tags ``mass``, ``doubling``, ``er``, ``more`` and ``absolute`` overrule the spelling rules. A verb's
    participle is its past unless it is given, too.
    """
    tags, doubling = set(tags), "doubling" in tags
    forms = {FORM_KEYS.get(upos, ("base",))[0]: lemma}
    if upos == "NOUN" and "mass" not in tags:
        forms["pl"] = add_s(lemma)
    elif upos == "VERB":
        past = given.get("past", add_ending(lemma, "ed", doubling))
        forms |= {"s": add_s(lemma), "past": past, "part": past, "ing": add_ing(lemma, doubling)}
    elif "er" in tags or (upos == "ADJ" and is_short(lemma) and not tags & {"more", "absolute"}):
        forms |= {"comp": add_ending(lemma, "er", doubling), "sup": add_ending(lemma, "est", doubling)}
    return forms | dict(given)


class _Reader:
    """Reads one lexicon file; every complaint names the file, the line and the entry."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rules: dict[str, dict[str, list[str]]] = {}
        self.classes: dict[str, list[str]] = {}

    def complain(self, node: yaml.Node | None, message: str) -> InputError:
        """Return the error for what stands at ``node``."""
        line = f", line {node.start_mark.line + 1}" if node is not None else ""
        return InputError(f"{self.path.name}{line}: {message}")

    def read(self) -> Iterator[Lexeme]:
        """Yield the file's lexemes."""
        sections = {name: node for name, _, node in self._pairs(self._compose(), "the file")}
        for name in ("CLASSES", "TAGS"):
            if name not in sections:
                raise self.complain(None, f"no section {name}: copy the head of data/lexicon.yml")
        self._read_head(sections.pop("CLASSES"), sections.pop("TAGS"))
        for upos, section in sections.items():
            if upos not in self.rules:
                raise self.complain(section, f"no tags for {upos}: add {upos} to the section TAGS")
            for rank, (lemma, key, node) in enumerate(self._pairs(section, upos), start=1):
                yield self._lexeme(upos, lemma, key, node, rank)

    def _compose(self) -> yaml.Node | None:
        try:
            return yaml.compose(self.path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{self.path} cannot be read: give a lexicon file in UTF-8") from error
        except yaml.YAMLError as error:
            what = " ".join(str(error).split())
            raise InputError(f"{self.path.name} is not YAML, mend the place named: {what}") from error

    def _read_head(self, classes: yaml.Node, tags: yaml.Node) -> None:
        for upos, _, node in self._pairs(tags, "TAGS"):
            self.rules[upos] = {rule: [] for rule in RULES}
            for rule, key, words in self._pairs(node, f"TAGS of {upos}"):
                if rule not in RULES:
                    raise self.complain(key, f"{upos} has a rule {rule!r}: use one of {', '.join(RULES)}")
                self.rules[upos][rule] = self._words(words, rule)
        kinds = self.rules.get("NOUN", {}).get("one", [])
        self.classes = {kind: [kind] for kind in kinds}
        for name, _, node in self._pairs(classes, "CLASSES"):
            members = self._words(node, name)
            if unknown := [x for x in members if x not in self.classes]:
                raise self.complain(node, f"class {name} has {unknown[0]!r}: name kinds or classes above it")
            self.classes[name] = [kind for x in members for kind in self.classes[x]]

    def _pairs(self, node: yaml.Node | None, where: str) -> list[tuple[str, yaml.Node, yaml.Node]]:
        """Return a mapping's keys with their nodes and values, each key once."""
        if not isinstance(node, yaml.MappingNode):
            raise self.complain(node, f"{where} is no mapping: write lines of the form `word: tags`")
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:str":
                raise self.complain(key, f"{where} {key.value!r} is a special word of YAML: put it in quotes")
            if key.value in seen:
                raise self.complain(key, f"{where} {key.value!r} stands twice: join the two lines")
            seen.add(key.value)
        return [(key.value, key, value) for key, value in node.value]

    def _words(self, node: yaml.Node, where: str) -> list[str]:
        if not isinstance(node, yaml.ScalarNode):
            raise self.complain(node, f"{where!r} has a list or mapping: write its tags on one line")
        return [word for word in str(node.value).split() if word != "|"]

    def _lexeme(self, upos: str, lemma: str, key: yaml.Node, node: yaml.Node, rank: int) -> Lexeme:
        """Return the lexeme of one line."""
        words, rule, keys = self._words(node, lemma), self.rules[upos], FORM_KEYS.get(upos, ("base",))
        pairs = dict(word.split("=", 1) for word in words if "=" in word)
        tags = {word for word in words if "=" not in word} | (pairs.keys() & set(rule["values"]))
        if fault := self._fault(upos, tags, [x for x in pairs if x not in (*keys, *rule["values"])]):
            raise self.complain(key, f"{upos} {lemma!r} {fault}")
        forms = inflect(upos, lemma, tags, {k: v for k, v in pairs.items() if k in keys})
        values = {k: v for k, v in pairs.items() if k in rule["values"]}
        return Lexeme(lemma, upos, forms, frozenset(self._expand(upos, tags)), rank, values)

    def _fault(self, upos: str, tags: set[str], strange: list[str]) -> str:
        """Return what is wrong with an entry and what to do; nothing if it is right."""
        rule = self.rules[upos]
        kinds = tags & set(rule["one"])
        if unknown := strange + sorted(tag for tag in tags if not self._is_known(tag, rule)):
            return f"has the unknown tag {unknown[0]!r}: mend it or add it to TAGS"
        if rule["one"] and len(kinds) != 1:
            found = " and ".join(sorted(kinds)) or "no kind"
            return f"has {found}: give it exactly one of {', '.join(rule['one'])}"
        if rule["some"] and not tags & set(rule["some"]):
            return f"has too few tags: give it one or more of {', '.join(rule['some'])}"
        if tags & {"transitive", "ditransitive"} and not any(prefix == "obj" for prefix, _ in _split(tags)):
            return "takes an object: say of which kind, for instance obj:thing"
        return ""

    def _is_known(self, tag: str, rule: Mapping[str, list[str]]) -> bool:
        prefix, _, kind = tag.partition(":")
        if kind and prefix in rule["classes"]:
            return kind in self.classes or kind in self.rules["NOUN"]["any"]
        return any(tag in rule[name] for name in ("one", "some", "any", "values"))

    def _expand(self, upos: str, tags: set[str]) -> set[str]:
        """Return the tags with those that follow from them."""
        if upos == "NOUN":
            return tags | {name for name, kinds in self.classes.items() if tags & set(kinds)}
        if upos == "VERB" and not any(prefix == "subj" for prefix, _ in _split(tags)):
            tags = tags | {"subj:person"}
        return tags | {f"{p}:{kind}" for p, name in _split(tags) for kind in self.classes.get(name, ())}


def _split(tags: Iterable[str]) -> list[tuple[str, str]]:
    """Return the two halves of the tags that have a colon."""
    return [(prefix, name) for prefix, colon, name in (tag.partition(":") for tag in tags) if colon]


@lru_cache
def load_lexicon(path: Path | None = None) -> Lexicon:
    """Load a lexicon, by default the study's own, once per path; a malformed file raises `InputError`."""
    return Lexicon(_Reader(path or DEFAULT_PATH).read())
