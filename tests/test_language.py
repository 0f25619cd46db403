"""The teaching language: its texts, splits and labels, each checked without the code that made them."""

import re
from collections import Counter
from itertools import combinations, pairwise

import conllu
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.language import ANSWER, DOMAINS, SPLITS, TASKS, corpus, items, next_tag_posterior, passages, to_conllu
from analysis.language.lexicon import load_lexicon
from analysis.language.numerals import in_words
from analysis.texts import Item, Text

WORDS = {in_words(value): value for value in range(100)}


@pytest.fixture(scope="module")
def sample() -> list[Text]:
    return [text for domain in DOMAINS for text in passages(domain, "find", 60)]


def test_every_domain_gives_long_enough_passages_with_offsets(sample: list[Text]) -> None:
    assert {text.domain for text in sample} == set(DOMAINS)
    for text in sample:
        assert len(text.words) >= 150
        assert all(text.text[word.start : word.end] == word.form for word in text.words)
        assert all(word.lemma and word.upos and word.construction for word in text.words)
        assert text.sentences[0] == 0
        assert len(set(text.sentences)) == len(text.sentences)


def test_text_is_spaced_like_english(sample: list[Text]) -> None:
    for text in sample:
        wrong = (
            r" [.,?!;]|\s's\b|\sn't|  " if text.domain == "code" else r" [.,?!;]|\s's\b|\sn't|  |\b[aA] (?!eu)[aei]\w"
        )
        assert not re.search(wrong, text.text), text.text
        assert text.text.count('"') % 2 == 0
        if text.domain != "code":
            starts = [text.words[i].form.strip('"') or text.words[i + 1].form for i in text.sentences]
            assert all(start[0].isupper() or start[0].isdigit() for start in starts)


def test_same_seed_same_bytes_whatever_was_asked_before() -> None:
    first = passages("stories", "test", 3, seed=5)
    passages("news", "train", 2)
    assert passages("stories", "test", 5, seed=5)[:3] == first
    assert passages("stories", "test", 3, seed=6) != first
    assert items("topic", "tune", 10, seed=1) == items("topic", "tune", 20, seed=1)[:10]
    assert list(corpus(2000, seed=3)) == list(corpus(2000, seed=3))


def test_there_are_sixty_constructions_and_twelve_parts_of_speech() -> None:
    counts: Counter[str] = Counter()
    tags: Counter[str] = Counter()
    for text in corpus(150_000):
        counts.update(word.construction for word in text.words)
        tags.update(word.upos for word in text.words)
    assert sum(count >= 50 for count in counts.values()) >= 60
    assert len(tags) >= 12
    assert "" not in counts


def test_homographs_occur_in_each_of_their_tags() -> None:
    seen: dict[str, Counter[str]] = {}
    for text in corpus(300_000, seed=1):
        for word in text.words:
            seen.setdefault(word.form.lower(), Counter())[word.upos] += 1
    often = [form for form, tags in seen.items() if sum(count >= 5 for count in tags.values()) >= 2]
    assert len(often) >= 60
    assert {"that", "to", "light"} <= set(often)


def test_the_export_is_read_back_by_the_conllu_library(sample: list[Text]) -> None:
    texts = sample[::20]
    parsed = conllu.parse(to_conllu(texts))
    assert [token["form"] for sentence in parsed for token in sentence] == [
        word.form for text in texts for word in text.words
    ]
    for sentence in parsed:
        rebuilt = "".join(
            token["form"] + ("" if (token["misc"] or {}).get("SpaceAfter") == "No" else " ") for token in sentence
        )
        assert rebuilt.strip() == sentence.metadata["text"]
        for token in sentence:
            assert token["upos"] != "_"
            keys = list(token["feats"] or {})
            assert keys == sorted(keys, key=str.lower)


def test_finite_verbs_agree_with_their_pronoun_subjects(sample: list[Text]) -> None:
    checked = 0
    for text in sample:
        if text.domain == "acceptability":
            continue
        for pronoun, verb in zip(text.words, text.words[1:], strict=False):
            if pronoun.upos != "PRON" or "Case=Nom" not in pronoun.feats or "Number=" not in verb.feats:
                continue
            if "VerbForm=Fin" in verb.feats and pronoun.lemma in {"he", "she", "they"}:
                wanted = "Number=Plur" if pronoun.lemma == "they" else "Number=Sing"
                assert wanted in verb.feats, (pronoun.form, verb.form)
                checked += 1
    assert checked > 30


def test_reflexives_agree_with_someone_of_the_sentence() -> None:
    lexicon = load_lexicon()
    women = {x.lemma for x in lexicon.select("PROPN", "person-f")}
    men = {x.lemma for x in lexicon.select("PROPN", "person-m")}
    for text in passages("stories", "find", 200):
        for i, word in enumerate(text.words):
            if word.form in {"himself", "herself"}:
                before = {x.form for x in text.words[:i]}
                assert before & (women if word.form == "herself" else men)


def asked(item: Item) -> str:
    """What an item shows, whatever wrong answers it offers; of a minimal pair the well-formed claim."""
    return item.context or item.choices[item.answer]


@pytest.mark.parametrize("task", list(TASKS))
def test_no_item_is_in_two_splits(task: str) -> None:
    found = {split: {asked(item) for item in items(task, split, 500)} for split in SPLITS}
    for a, b in combinations(SPLITS, 2):
        assert not found[a] & found[b]


@pytest.fixture(scope="module")
def training_text() -> str:
    return "\n".join(text.text for text in corpus(600_000, seed=2))


@pytest.mark.parametrize("task", [name for name in TASKS if name != "fact-completion"])
def test_no_item_of_test_stands_in_the_training_text(task: str, training_text: str) -> None:
    for item in items(task, "test", 100):
        assert asked(item).strip() not in training_text


def test_sums_of_test_are_new_though_the_tables_are_told(training_text: str) -> None:
    for item in items("sums", "test", 300):
        asked_sum = re.search(r"(?:is) (.*\?)", item.context)
        assert asked_sum
        assert asked_sum[1] not in training_text
    tables = set(re.findall(r"is ([\w-]+ (?:plus|minus|times) [\w-]+)\?", training_text))
    assert len(tables) > 200


def test_programs_of_test_are_new_whatever_their_variables_are_called(training_text: str) -> None:
    def pattern(program: str) -> str:
        names: dict[str, str] = {}
        return re.sub(r"\b[abcnxy]\b", lambda match: names.setdefault(match[0], f"v{len(names)}"), program)

    seen = {
        pattern(program)
        for program in re.findall(r"(?:^(?!Output).+ [=:].*\n|^print .*\n|^if .*\n)+", training_text, re.M)
    }
    assert len(seen) > 100
    for item in items("program-output", "test", 300):
        assert pattern(item.context.removesuffix("Output:")) not in seen


@pytest.mark.parametrize("task", list(TASKS))
def test_items_are_well_formed_and_balanced(task: str) -> None:
    found = items(task, "test", 200)
    assert len(found) == 200
    answers = Counter(item.answer for item in found)
    for item in found:
        assert len(item.choices) == TASKS[task].choices == len(set(item.choices))
        assert item.task == task
        assert all(choice.startswith(" ") == bool(item.context) for choice in item.choices)
    assert max(answers.values()) / 200 < TASKS[task].chance + 0.15


def test_sums_are_right() -> None:
    signs = {"plus": "+", "minus": "-"}
    for item in items("sums", "test", 150):
        x, first, y, then, z = re.search(r"is ([\w-]+) (\w+) ([\w-]+) (\w+) ([\w-]+)\?", item.context).groups()  # type: ignore[union-attr]
        value = eval(f"{WORDS[x]}{signs[first]}{WORDS[y]}{signs[then]}{WORDS[z]}")
        assert WORDS[item.choices[item.answer].strip()] == value


def test_word_problems_are_right() -> None:
    for item in items("word-problems", "test", 300):
        story = item.context.partition(" Question:")[0]
        numbers = [WORDS[word] for word in re.findall(r"[a-z-]+", story.lower()) if word in WORDS]
        signs = {
            "more-less": (1, 1, -1),
            "less-more": (1, -1, 1),
            "two-people": (1, 1, -1),
            "comparison": (1, 1),
            "difference": (1, -1),
        }
        value = sum(sign * number for sign, number in zip(signs[item.group], numbers, strict=True))
        assert WORDS[item.choices[item.answer].strip()] == value, item.context


def _run(program: str) -> int:
    """Run a program of the tiny language: a second, independent interpreter."""
    names: dict[str, int] = {}
    printed: list[int] = []

    def value(words: list[str]) -> int:
        total, sign = 0, 1
        for word in words:
            if word in "+-":
                sign = 1 if word == "+" else -1
            else:
                total += sign * (int(word) if word.isdigit() else names[word])
        return total

    def do(line: str) -> None:
        words = line.split()
        if words[0] == "print":
            printed.append(value(words[1:]))
        elif words[0] == "repeat":
            for _ in range(int(words[1].rstrip(":"))):
                do(line.partition(": ")[2])
        elif words[0] == "if":
            yes, no = line.partition(": ")[2].split(" else: ")
            do(yes if value(words[1:2]) > value([words[3].rstrip(":")]) else no)
        else:
            names[words[0]] = value(words[2:])

    for line in program.splitlines():
        do(line)
    assert len(printed) == 1
    return printed[0]


def test_programs_print_what_they_say() -> None:
    for item in items("program-output", "test", 300):
        assert _run(item.context.removesuffix("\nOutput:")) == int(item.choices[item.answer])


def test_verdicts_follow_the_weight_of_the_evidence() -> None:
    lexicon = load_lexicon()
    good = {x.lemma for x in lexicon.select("ADJ", "film", "pos")} | {
        "masterpiece",
        "triumph",
        "delight",
        "gem",
        "treat",
    }
    bad = {x.lemma for x in lexicon.select("ADJ", "film", "neg")} | {"mess", "disaster", "failure", "bore"}
    right, clear = 0, [x for x in items("sentiment", "test", 400) if x.group == "clear"]
    for item in clear:
        words = re.findall(r"\w+", re.sub(r"(not|never|lthough) [\w ]+|perhaps \w+|[Yy]es, [\w ]+,", "", item.context))
        score = sum(word in good for word in words) - sum(word in bad for word in words)
        right += (score > 0) == (item.choices[item.answer] == " positive")
    assert right / len(clear) > 0.75


def test_capitals_are_those_of_the_lexicon() -> None:
    capital = {x.lemma: x.values["capital"] for x in load_lexicon().select("PROPN", "country", "capital")}
    asked = [x for x in items("fact-completion", "train", 200) if x.group == "capital"]
    assert asked
    for item in asked:
        country = re.search(r"of (\w+) is", item.context)
        assert country
        assert item.choices[item.answer] == " " + capital[country[1]]


def test_answers_of_passages_stand_in_the_passage() -> None:
    for item in items("passage-question", "test", 100):
        passage = item.context.partition("Question:")[0].lower()
        assert all(
            choice.strip().removeprefix("in ").removeprefix("an ").removeprefix("a ").lower() in passage
            for choice in item.choices
        )


def test_minimal_pairs_differ_as_their_phenomenon_says() -> None:
    found = items("minimal-pairs", "test", 600)
    assert len({item.group for item in found}) >= 12
    for item in found:
        good, bad = item.choices[item.answer], item.choices[1 - item.answer]
        assert good != bad
        assert all(re.fullmatch(r"Sentence: .+[.?!] Acceptable: yes\.", claim) for claim in (good, bad))
        if item.group == "reflexive-gender":
            assert {re.findall(r"himself|herself", x)[0] for x in (good, bad)} == {"himself", "herself"}
        if item.group.startswith("agreement"):
            changed = [(a, b) for a, b in zip(good.split(), bad.split(), strict=True) if a != b]
            assert len(changed) == 1
        if item.group == "polarity-scope":
            assert good.startswith("Sentence: No one")
            assert bad.startswith("Sentence: Someone")


def test_polarity_items_are_licensed_where_sentences_are_well_formed() -> None:
    licensors = {"n't", "not", "never", "nobody", "no", "hardly", "if", "neither", "whether", "without"}
    for text in passages("stories", "find", 300):
        ends = (*text.sentences[1:], len(text.words))
        for first, end in zip(text.sentences, ends, strict=True):
            forms = [word.form.lower() for word in text.words[first:end]]
            if "any" in forms:
                assert licensors & set(forms), forms


def test_the_ceiling_is_certain_where_the_language_is() -> None:
    text = passages("arithmetic", "find", 1)[0]
    at = next(i for i, word in enumerate(text.words) if word.form == "Answer") + 1
    posterior = next_tag_posterior(text, at, steps=60)
    assert posterior.best == "PUNCT"
    assert posterior.probability["PUNCT"] == pytest.approx(1)
    assert next_tag_posterior(text, at + 1, steps=60).best == "NUM"


def test_the_ceiling_is_unsure_at_the_beginning_and_repeatable() -> None:
    text = passages("stories", "find", 1)[0]
    first = next_tag_posterior(text, 0, steps=100)
    assert first == next_tag_posterior(text, 0, steps=100)
    assert sum(first.probability.values()) == pytest.approx(1)
    assert first.entropy > 0.5
    assert all(0 <= error < 0.3 for error in first.error.values())


def test_mistakes_are_told_in_one_line() -> None:
    calls = {
        "domain": lambda: passages("poems", "test", 1),
        "split": lambda: passages("news", "dev", 1),
        "task": lambda: items("chess", "test", 1),
    }
    for name, call in calls.items():
        with pytest.raises(InputError, match=f"no {name} .*: use one of ") as error:
            call()
        assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="no passage"):
        next_tag_posterior(Text("A text.", "stories"), 0)


def test_every_answer_of_a_labelled_sample_is_found_in_running_text() -> None:
    for task, cue in [
        ("sentiment", "Verdict:"),
        ("sums", "Answer:"),
        ("topic", "Section:"),
        ("judgement", "Acceptable:"),
    ]:
        for item in items(task, "test", 20):
            text = f"{item.context}{item.choices[item.answer]}.\nMore text."
            found = list(ANSWER.finditer(text))
            assert found[-1]["answer"] == f"{item.choices[item.answer]}."
            assert text[: found[-1].start("answer")].endswith(cue)


@settings(max_examples=25)
@given(st.sampled_from(sorted(DOMAINS)), st.sampled_from(SPLITS), st.integers(0, 10_000), st.integers(1, 120))
def test_any_passage_is_annotated_at_its_characters_and_survives_conllu(domain, split, seed, min_words):
    one, other = passages(domain, split, 2, seed, min_words)
    assert one == passages(domain, split, 1, seed, min_words)[0]
    assert one.text != other.text
    assert len(one.words) >= min_words
    assert all(one.text[word.start : word.end] == word.form and word.upos for word in one.words)
    places = [(word.start, word.end) for word in one.words]
    assert places == sorted(places)
    assert all(a[1] <= b[0] for a, b in pairwise(places))
    assert one.sentences[0] == 0
    assert all(a < b for a, b in pairwise((*one.sentences, len(one.words))))
    read = [[(token["form"], token["upos"]) for token in sentence] for sentence in conllu.parse(to_conllu([one]))]
    ends = (*one.sentences[1:], len(one.words))
    assert read == [
        [(word.form, word.upos) for word in one.words[a:b]] for a, b in zip(one.sentences, ends, strict=True)
    ]
