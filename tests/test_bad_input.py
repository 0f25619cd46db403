"""What a user can get wrong, in one table: each mistake gets one line that names the input and says what to do."""

import gzip
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from nibabel import Nifti1Image

sys.path.insert(0, str(ROOT / "book"))

import run
from driver.parameters import Parameter, Typed, fit, parse_assignments, parse_cell

from analysis import claim_records, declarations, item_files, kinds, models, passages, results
from analysis.activity import record
from analysis.brain.data import load_scans
from analysis.datasets import load_texts
from analysis.errors import InputError
from analysis.planning.geometry import read_config
from analysis.texts import Text

TEACHING = ROOT / "data" / "teaching-model"
CONFIG = (TEACHING / "config.json").read_text()


@dataclass(frozen=True)
class Case:
    """One mistake: the files that are there, what the user does, and what the line must name."""

    id: str
    do: Callable[[Path], Any]
    names: str
    files: dict[str, bytes | str] = field(default_factory=dict)


def texts_file(name: str, content: bytes | str, names: str = "", what: str = "") -> Case:
    return Case(f"texts-{what}", lambda folder: load_texts(folder / name), names or name, {name: content})


ROW = "1\tDogs\tdog\tNOUN\tNNS\t_\t0\troot\t_\t_\n"
TEXTS = [
    texts_file("a.txt", "", what="empty"),
    texts_file("a.txt", " \n\t\n", what="only-white-space"),
    texts_file("a.txt", b"\xff\xfe\x00", what="not-utf-8"),
    texts_file("a.csv", b"text\n\x80\n", what="csv-not-utf-8"),
    texts_file("a.pdf", "text", what="unknown-ending"),
    texts_file("a", "text", what="no-ending"),
    texts_file("a.json", "{", what="json-cut"),
    texts_file("a.json", '{"text": "one"}', what="json-object"),
    texts_file("a.json", '"one"', what="json-string"),
    texts_file("a.json", "[]", what="json-nothing"),
    texts_file("a.json", "[1, 2]", what="json-numbers"),
    texts_file("a.json", '["one", {"text": "two"}]', what="json-mixed"),
    texts_file("a.json", '[{"n": 1}, {"n": 2}]', what="json-without-text"),
    texts_file("a.json", "[" * 100_000, what="json-too-deep"),
    texts_file("a.jsonl", '{"text": "one"}\n{"text": \n', "line 2", "jsonl-cut"),
    texts_file("a.jsonl", "one\ntwo\n", "line 1", "jsonl-plain-text"),
    texts_file("a.jsonl", '{"text": 1}\n', what="jsonl-number"),
    texts_file("a.jsonl", "null\n", what="jsonl-null"),
    texts_file("a.tsv", "text\n", what="tsv-only-headings"),
    texts_file("a.csv", 'text\n"never closed\n', what="csv-open-quote"),
    texts_file("a.csv", "a\0b\n", what="csv-null-byte"),
    texts_file("a.conllu", "Dogs bark.\n", what="conllu-plain-text"),
    texts_file("a.conllu", "1\tDogs\tdog\n\n", what="conllu-three-columns"),
    texts_file("a.conllu", ROW.replace("1\t", "x\t") + "\n", what="conllu-no-number"),
    texts_file("a.conllu", "# text = Dogs\n\n", what="conllu-only-comments"),
    texts_file("a.conllu", b"1\t\xe9t\xe9\t_\tNOUN\t_\t_\t0\troot\t_\t_\n\n", what="conllu-latin-1"),
    Case("texts-absent", lambda folder: load_texts(folder / "none.txt"), "none.txt"),
    Case("texts-pattern-of-nothing", lambda folder: load_texts(folder / "*.txt"), "*.txt"),
    Case("texts-folder", load_texts, "cannot be read as texts"),
]


def count(text: str) -> int:
    return len(text.split())


def cut(source: str, n: int = 2, **options: Any) -> Any:
    return passages.choose_passages(source, count, n, **options)


LONG = "a b c d e f g h " * 40
PASSAGES = [
    Case("passages-none-wanted", lambda _: cut("teaching:stories", 0), "0 passages"),
    Case("passages-fewer-than-none", lambda _: cut("teaching:stories", -1), "-1 passages"),
    Case("passages-unknown-domain", lambda _: cut("teaching:poems"), "poems"),
    Case("passages-unknown-among-known", lambda _: cut("teaching:stories,poems"), "poems"),
    Case("passages-upside-down", lambda _: cut("teaching:stories", min_tokens=20, max_tokens=10), "min_tokens=20"),
    Case("passages-of-nothing", lambda _: cut("teaching:stories", min_tokens=0, max_tokens=10), "min_tokens=0"),
    Case("passages-too-short", lambda folder: cut(str(folder / "a.txt")), "a.txt", {"a.txt": "one two\n"}),
    Case("passages-absent", lambda folder: cut(str(folder / "a.txt")), "a.txt"),
]


def sort(datasets: str, neutral: str = "teaching:stories", **options: Any) -> Any:
    sizes: dict[str, Any] = {"n_find": 4, "n_tune": 4, "n_test": 4, "max_tokens": 256} | options
    return kinds.read_kinds(models.load_model(TEACHING), datasets, neutral, **sizes)


KINDS = [
    Case("kinds-nothing", lambda _: sort(""), "datasets"),
    Case("kinds-only-bars", lambda _: sort("|||"), "datasets"),
    Case("kinds-no-neutral", lambda _: sort("teaching:reviews", ""), "neutral"),
    Case("kinds-short", lambda _: sort("teaching:reviews", max_tokens=64), "max_tokens=64"),
    Case("kinds-few", lambda _: sort("teaching:reviews", n_test=1), "fewer than"),
    Case("kinds-unknown", lambda _: sort("teaching:poems"), "poems"),
    Case("kinds-one-document", lambda folder: sort(str(folder / "a.txt")), "a.txt", {"a.txt": LONG}),
]


def items_file(name: str, content: bytes | str, names: str = "", what: str = "") -> Case:
    return Case(
        f"items-{what}", lambda folder: item_files.read_tasks(str(folder / name), 10), names or name, {name: content}
    )


PAIR = json.dumps({"sentence_good": "Dogs bark.", "sentence_bad": "Dogs barks."}) + "\n"
ITEMS = [
    items_file("a.jsonl", "", what="empty"),
    items_file("a.jsonl", PAIR + "{", "line 2", "cut"),
    items_file("a.jsonl", '{"sentence_good": "Dogs bark."}\n', "line 1", "half-a-pair"),
    items_file("a.jsonl", "[1]\n", "line 1", "list"),
    items_file("a.jsonl", '{"sentence_good": 1, "sentence_bad": 2}\n', "line 1", "pair-of-numbers"),
    items_file("a.jsonl", '{"sentence_good": "", "sentence_bad": ""}\n', "line 1", "pair-of-nothing"),
    items_file("a.jsonl", PAIR * 12, "1 different", "all-alike"),
    items_file("a.jsonl", b"\xff", what="not-utf-8"),
    items_file("a.tsv", "a text\n", "line 1", "no-label"),
    items_file("a.tsv", "a\tb\tc\n", "line 1", "three-columns"),
    items_file("a.tsv", "a text\t\n", "line 1", "empty-label"),
    items_file("a.tsv", "".join(f"text {n}\t{n % 2}\n" for n in range(12)), "labels", "labels-are-numbers"),
    items_file("a.tsv", "".join(f"text {n}\tgood\n" for n in range(12)), "labels", "one-label"),
    items_file("a.tsv", "".join(f"text {n}\tlabel{chr(97 + n)}\n" for n in range(26)), "labels", "all-labels-differ"),
    items_file("a.txt", "text", what="unknown-ending"),
    Case("items-absent", lambda folder: item_files.read_tasks(str(folder / "a.tsv"), 10), "a.tsv"),
    Case("items-few-wanted", lambda _: item_files.read_tasks("teaching", 3), "3 items"),
    Case("items-unknown-task", lambda _: item_files.read_tasks("teaching:poetry", 10), "poetry"),
    Case("items-no-source", lambda _: item_files.read_tasks("", 10), "items"),
    Case("items-only-bars", lambda _: item_files.read_tasks(" | ", 10), "items"),
]


def load(folder: Path, **options: Any) -> models.LanguageModel:
    return models.load_model(folder / "model", **options)


def altered(**changes: Any) -> str:
    return json.dumps(json.loads(CONFIG) | changes)


WEIGHTS = (TEACHING / "model.safetensors").read_bytes()
TOKENIZER = {f"model/{name}": (TEACHING / name).read_text() for name in ("tokenizer.json", "tokenizer_config.json")}
MODELS = [
    Case("model-absent", load, "model"),
    Case("model-empty-folder", load, "config.json", {"model/readme.txt": "x"}),
    Case("model-without-weights", load, "safetensors", {"model/config.json": CONFIG}),
    Case(
        "model-of-pickles", load, "safetensors", {"model/config.json": CONFIG, "model/pytorch_model.bin": b"\x80\x02"}
    ),
    Case("model-config-cut", load, "model", {"model/config.json": CONFIG[:50], "model/model.safetensors": WEIGHTS}),
    Case("model-config-list", load, "model", {"model/config.json": "[]", "model/model.safetensors": WEIGHTS}),
    Case(
        "model-weights-cut",
        load,
        "model",
        TOKENIZER | {"model/config.json": CONFIG, "model/model.safetensors": WEIGHTS[:999]},
    ),
    Case(
        "model-weights-no-safetensors",
        load,
        "model",
        TOKENIZER | {"model/config.json": CONFIG, "model/model.safetensors": b"PK\3\4"},
    ),
    Case(
        "model-weights-empty", load, "model", TOKENIZER | {"model/config.json": CONFIG, "model/model.safetensors": b""}
    ),
    Case(
        "model-without-tokenizer", load, "tokenizer", {"model/config.json": CONFIG, "model/model.safetensors": WEIGHTS}
    ),
    Case(
        "model-unknown-family",
        load,
        "model",
        {"model/config.json": altered(model_type="brain"), "model/model.safetensors": WEIGHTS},
    ),
    Case(
        "model-of-no-language",
        load,
        "model",
        {"model/config.json": altered(model_type="vit"), "model/model.safetensors": WEIGHTS},
    ),
    Case(
        "model-state-space",
        load,
        "mamba",
        {"model/config.json": altered(model_type="mamba"), "model/model.safetensors": WEIGHTS},
    ),
    Case(
        "model-remote-code",
        load,
        "model",
        {
            "model/config.json": altered(model_type="own", auto_map={"AutoConfig": "own.Config"}),
            "model/model.safetensors": WEIGHTS,
            "model/own.py": "raise SystemExit('ran')",
        },
    ),
    Case("model-is-a-file", lambda folder: models.load_model(folder / "a.txt"), "a.txt", {"a.txt": "x"}),
    Case("model-no-hub-id", lambda _: models.load_model("not a model/at all/x"), "not a model"),
    Case("model-no-name", lambda _: models.load_model(""), "model"),
    Case("model-dtype", lambda _: models.load_model(TEACHING, dtype="int8"), "int8"),
    Case("model-device", lambda _: models.load_model(TEACHING, device="abacus"), "abacus"),
    Case("model-site", lambda _: record(models.load_model(TEACHING), [Text("a b", "own")], "attention"), "attention"),
    Case("model-chat", lambda _: models.as_chat(models.load_model(TEACHING), "Hello"), "chat template"),
    *(
        Case(
            f"recipe-{what}",
            lambda folder: read_config(str(folder / "model")),
            "model",
            {"model/config.json": altered(**change)},
        )
        for what, change in (("heads", {"head_dim": 1.1}), ("hidden", {"hidden_size": 10}))
    ),
    Case("texts-none-to-read", lambda _: record(models.load_model(TEACHING), []), "text"),
]


def nifti(values: np.ndarray, affine: np.ndarray | None = None) -> bytes:
    return gzip.compress(Nifti1Image(values.astype(np.float32), np.eye(4) if affine is None else affine).to_bytes())


def npz(**arrays: Any) -> bytes:
    held = io.BytesIO()
    np.savez(held, **arrays)
    return held.getvalue()


def scan(name: str) -> Callable[[Path], Any]:
    return lambda folder: load_scans(str(folder / name), simulated=None)  # type: ignore[arg-type]


RNG = np.random.default_rng(0)
BRAIN = np.zeros((12, 12, 12, 60))
BRAIN[3:9, 3:9, 3:9] = 100 + RNG.standard_normal((6, 6, 6, 60))
HOLED = BRAIN.copy()
HOLED[5, 5, 5, 3] = np.nan
PEOPLE = RNG.standard_normal((3, 60, 10))
SCANS = [
    Case("fmri-absent", scan("a.nii.gz"), "a.nii.gz"),
    Case("fmri-unknown-word", lambda _: load_scans("imagined", simulated=None), "imagined"),  # type: ignore[arg-type]
    Case("fmri-no-nifti", scan("a.nii.gz"), "a.nii.gz", {"a.nii.gz": b"not packed"}),
    Case("fmri-empty", scan("a.nii"), "a.nii", {"a.nii": b""}),
    Case("fmri-three-dimensions", scan("a.nii.gz"), "3 dimensions", {"a.nii.gz": nifti(BRAIN[..., 0])}),
    Case("fmri-cut", scan("a.nii.gz"), "a.nii.gz", {"a.nii.gz": nifti(BRAIN)[:-2000]}),
    Case("fmri-flipped-bit", scan("a.nii.gz"), "a.nii.gz", {"a.nii.gz": nifti(BRAIN)[:-6] + b"\0\0\0\0\0\0"}),
    Case("fmri-not-finite", scan("a.nii.gz"), "not finite", {"a.nii.gz": nifti(HOLED)}),
    Case("fmri-all-zero", scan("a.nii.gz"), "a.nii.gz", {"a.nii.gz": nifti(BRAIN * 0)}),
    Case(
        "fmri-one-picture-again",
        scan("a.nii.gz"),
        "never changes",
        {"a.nii.gz": nifti(np.repeat(BRAIN[..., :1], 60, -1))},
    ),
    Case("fmri-few-volumes", scan("a.nii.gz"), "volumes", {"a.nii.gz": nifti(BRAIN[..., :5])}),
    Case("fmri-two-grids", scan("*.nii.gz"), "grid", {"a.nii.gz": nifti(BRAIN), "b.nii.gz": nifti(BRAIN[:-1])}),
    Case(
        "fmri-two-places",
        scan("*.nii.gz"),
        "grid",
        {"a.nii.gz": nifti(BRAIN), "b.nii.gz": nifti(BRAIN, np.diag([2, 2, 2, 1]))},
    ),
    Case(
        "fmri-labels-of-others",
        scan("a.nii.gz"),
        "attributes.txt",
        {"a.nii.gz": nifti(BRAIN), "attributes.txt": "label run\nface 0\n"},
    ),
    Case("fmri-npz-damaged", scan("a.npz"), "a.npz", {"a.npz": npz(activity=PEOPLE)[:-400]}),
    Case("fmri-npz-other-name", scan("a.npz"), "bold", {"a.npz": npz(bold=PEOPLE)}),
    Case("fmri-npz-pickle", scan("a.npz"), "a.npz", {"a.npz": npz(activity=np.array([{}], object))}),
    Case("fmri-npz-flat", scan("a.npz"), "shape", {"a.npz": npz(activity=PEOPLE[0])}),
    Case("fmri-npz-words", scan("a.npz"), "type", {"a.npz": npz(activity=np.full((2, 3, 4), "a"))}),
    Case("fmri-npz-few-volumes", scan("a.npz"), "volumes", {"a.npz": npz(activity=PEOPLE[:, :4])}),
    Case(
        "fmri-npz-not-finite",
        scan("a.npz"),
        "not finite",
        {"a.npz": npz(activity=np.where(PEOPLE > 3, np.nan, PEOPLE))},
    ),
    Case("fmri-npz-constant", scan("a.npz"), "never changes", {"a.npz": npz(activity=PEOPLE * 0)}),
    Case("fmri-two-npz", scan("*.npz"), "2 .npz", {"a.npz": npz(activity=PEOPLE), "b.npz": npz(activity=PEOPLE)}),
]

PARAMETERS = [
    *(
        Case(
            f"value-{id_}",
            lambda _, kind=kind, value=value: fit(Parameter("k", kind, None, ""), Typed(value), "3"),
            "k must be",
        )
        for id_, kind, value in (
            ("word-for-int", "int", "ten"),
            ("float-for-int", "int", "1.5"),
            ("nothing-for-int", "int", ""),
            ("bool-for-int", "int", "true"),
            ("list-for-int", "int", "[1, 2]"),
            ("number-for-bool", "bool", "1"),
            ("word-for-bool", "bool", "yes"),
            ("word-for-float", "float", "much"),
            ("word-for-list", "list[int]", "one"),
            ("words-for-ints", "list[int]", "[one, two]"),
        )
    ),
    *(
        Case(f"assignment-{id_}", lambda _, text=text: parse_assignments(text), names)
        for id_, text, names in (
            ("no-equals", "k", "'k'"),
            ("no-name", "=3", "'=3'"),
            ("space-around", "k = 3", "'k'"),
            ("open-quote", "texts='a b", "texts"),
        )
    ),
    *(
        Case(f"cell-{id_}", lambda _, source=source: parse_cell(source), names)
        for id_, source, names in (
            ("no-type", "k = 3", "k = 3"),
            ("computed", "k: int = 2 + n", "k"),
            ("other-type", 'k: int = "ten"', "k"),
            ("statement", "import os", "import os"),
            ("strange-type", "k: complex = 1j", "complex"),
        )
    ),
]


def command(*arguments: str) -> Callable[[Path], Any]:
    """What the program says and returns, as an error, so that it is judged like all others."""

    def do(folder: Path) -> None:
        error = io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stderr", error)
            code = run.main([*arguments, "--root", str(folder)])
        assert code == 2
        raise InputError(error.getvalue().strip())

    return do


CHAPTER = """---
kernelspec: {name: python3, display_name: Python 3}
---

# One

```{code-cell} python
:tags: [parameters]
k: int = 2  # how many
```
"""
TOC = "format: jb-book\nroot: book/intro\nchapters:\n  - file: book/01_one.ipynb\n"
BOOK = {
    "book/01_one.md": CHAPTER,
    "book/intro.md": "# Book\n",
    "_toc.yml": TOC,
    "book/profiles/default.yml": "all: {}\n",
}


def driver(id_: str, names: str, *arguments: str, **files: str) -> Case:
    changed = {name.replace("__", "/"): content for name, content in files.items()}
    return Case(f"driver-{id_}", command(*arguments), names, BOOK | {f"{name}": text for name, text in changed.items()})


PROFILE = "book/profiles/own.yml"
DRIVER = [
    driver("unknown-chapter", "'7'", "chapter", "7"),
    driver("no-chapter", "chapter", "chapter", ""),
    driver("unknown-parameter", "'n'", "chapter", "1", "--parameters", "n=3"),
    driver("misspelt-parameter", "'K'", "chapter", "1", "--parameters", "K=3"),
    driver("ill-typed", "k must be int", "chapter", "1", "--parameters", "k=two"),
    driver("no-value", "'k'", "chapter", "1", "--parameters", "k"),
    driver("unknown-profile", "'fast'", "book", "--profile", "fast"),
    driver("profile-outside", "'../../x'", "book", "--profile", "../../x"),
    driver("jobs-word", "JOBS", "book", "--jobs", "two"),
    driver("jobs-none", "JOBS", "book", "--jobs", "0"),
    driver("unknown-result", "'deep'", "results", "deep", **{"book/results.yml": "quick: {chapter: 1}\n"}),
    driver("no-results", "results.yml", "results"),
    driver("results-list", "results.yml", "results", **{"book/results.yml": "- quick\n"}),
    driver("result-without-chapter", "quick", "results", **{"book/results.yml": "quick: {}\n"}),
    driver(
        "result-unknown-parameter",
        "'n'",
        "results",
        **{"book/results.yml": "quick: {chapter: 1, parameters: {n: 1}}\n"},
    ),
    driver("profile-no-yaml", "own.yml", "book", "--profile", "own", **{PROFILE: "all: [\n"}),
    driver("profile-too-deep", "own.yml", "book", "--profile", "own", **{PROFILE: "all: " + "[" * 5000}),
    driver("profile-list", "own.yml", "book", "--profile", "own", **{PROFILE: "- all\n"}),
    driver("profile-word", "own.yml", "book", "--profile", "own", **{PROFILE: "all: fast\n"}),
    driver("profile-set", "own.yml", "book", "--profile", "own", **{PROFILE: "all: {8}\n"}),
    driver("profile-unknown-parameter", "'n'", "book", "--profile", "own", **{PROFILE: "all: {n: 1}\n"}),
    driver("profile-unknown-chapter", "'9'", "book", "--profile", "own", **{PROFILE: "'9': {k: 1}\n"}),
    driver("profile-ill-typed", "k must be int", "book", "--profile", "own", **{PROFILE: "all: {k: two}\n"}),
    driver(
        "profile-runs-code",
        "own.yml",
        "book",
        "--profile",
        "own",
        **{PROFILE: "all: !!python/object/apply:os.getcwd []\n"},
    ),
    driver("toc-no-yaml", "_toc.yml", "book", **{"_toc.yml": "root: [\n"}),
    driver("toc-of-nothing", "_toc.yml", "book", **{"_toc.yml": ""}),
    driver("toc-chapter-absent", "02_two", "book", **{"_toc.yml": TOC + "  - file: book/02_two.ipynb\n"}),
    driver("needs-unknown", "'9'", "book", **{"book/01_one.md": CHAPTER.replace("3}\n", "3}\nneeds: ['9']\n", 1)}),
    driver("two-parameter-cells", "01_one", "book", **{"book/01_one.md": CHAPTER + CHAPTER.partition("# One")[2]}),
    driver("cell-cut", "cell 'parameters'", "book", **{"book/01_one.md": CHAPTER.replace("k: int = 2", "k: int = (2")}),
    driver("cell-options", "'a'", "book", **{"book/01_one.md": CHAPTER.replace(":tags: [parameters]", ":a")}),
    driver("head-no-yaml", "01_one", "book", **{"book/01_one.md": CHAPTER.replace("{name", "[name", 1)}),
]

CLAIM = next(
    line for line in (ROOT / "data" / "claims.yml").read_text().split("  - id: ") if line.startswith("networks-recur\n")
)
DECLARED = "controls: {signal-free activity: x}\nfamilies: {recurrence: x}\nclaims:\n  - id: " + CLAIM


def claims_file(what: str, names: str, old: str = "", new: str = "", content: str = "") -> Case:
    return Case(
        f"claims-{what}",
        lambda folder: declarations.load(folder / "c.yml"),
        names,
        {"c.yml": content or DECLARED.replace(old, new, 1)},
    )


def result(**files: bytes | str) -> dict[str, bytes | str]:
    return {f"run/{name.replace('_', '.')}": content for name, content in files.items()}


CLAIMS = [
    Case("claims-absent", lambda folder: declarations.load(folder / "c.yml"), "c.yml"),
    claims_file("no-yaml", "c.yml", content="claims: ["),
    claims_file("list", "c.yml", content="- a\n"),
    Case("claims-not-utf-8", lambda folder: declarations.load(folder / "c.yml"), "c.yml", {"c.yml": b"\xba"}),
    claims_file("unknown-direction", "sideways", "direction: up", "direction: sideways"),
    claims_file("unknown-control", "hope", "control: signal-free activity", "control: hope"),
    claims_file("unknown-field", "color", "kind: paper", "kind: paper\n    color: red"),
    claims_file("missing-field", "kind", "    kind: paper\n", ""),
    claims_file("size-zero", "smallest_effect", "smallest_effect: 0.1", "smallest_effect: 0"),
    claims_file("no-sites", "sites", "sites: [mlp_activation, mlp_output]", "sites: []"),
    claims_file("twice", "twice", content=DECLARED + "\n  - id: " + CLAIM),
    Case("measured-absent", lambda folder: claim_records.read(folder / "claims.json"), "claims.json"),
    Case("measured-cut", lambda folder: claim_records.read(folder / "a.json"), "a.json", {"a.json": "[{"}),
    Case("measured-of-nothing", lambda folder: claim_records.read(folder / "a.json"), "a.json", {"a.json": "[{}]"}),
    Case("result-absent", lambda folder: results.find("run", folder), "run"),
    Case("result-cut", lambda folder: results.find("run", folder), "run", result(made_json="{")),
    Case("result-other", lambda folder: results.find("run", folder), "run", result(made_json="{}")),
    Case(
        "result-without-table",
        lambda folder: results.find("run", folder).table("t"),
        "'t'",
        result(made_json='{"command": "", "seconds": 1, "files": {}}'),
    ),
    *(
        Case(
            f"result-table-{what}",
            lambda folder: results.find("run", folder).table("t"),
            "make results NAMES=run",
            result(made_json='{"command": "", "seconds": 1, "files": {}}', t_csv=content),
        )
        for what, content in (("empty", ""), ("ragged", "a,b\n1,2\n\n1,2,3,4\n"), ("not-utf-8", b"a,b\n1,\xae\n"))
    ),
    Case("result-that-saved-nothing", lambda folder: results.keep("run", folder, {}, folder / "store"), "run"),
]

CASES = [*TEXTS, *PASSAGES, *KINDS, *ITEMS, *MODELS, *SCANS, *PARAMETERS, *DRIVER, *CLAIMS]


def test_there_are_enough_and_all_differ():
    assert len({case.id for case in CASES}) == len(CASES) >= 100


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_mistake_gets_one_line_that_names_it(case, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name, content in case.files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError) as caught:
        case.do(tmp_path)
    line = str(caught.value)
    assert case.names in line
    assert "\n" not in line
    assert "Traceback" not in line
    assert 20 < len(line.replace(str(tmp_path), "")) < 500
