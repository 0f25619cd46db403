"""Give every reader files that were changed at random: it returns a result or says what is wrong, and nothing else."""

from __future__ import annotations

import random
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis import artefacts, claim_records, declarations, item_files, results
from analysis.claims import not_measured
from analysis.datasets import load_texts
from analysis.errors import InputError
from analysis.networks import Networks
from analysis.planning.geometry import geometry, read_config

from .report import ROOT, Report

sys.path.insert(1, str(ROOT / "book"))

from driver.chapters import Chapter, Project
from driver.parameters import parse_assignments
from driver.profiles import load_profile

SIZE = 100_000
_LIMIT = 10  # seconds for one small input
_PIECES = [b"\t", b"\n", b"\r\n", b'"', b"'", b"\0", b",", b"{", b"}", b"[", b"]", b":", b"-", b"#", b"&a", b"*a"]
_PIECES += [
    b"!!",
    b"null",
    b"NaN",
    b"1e999",
    b"-1",
    b"9" * 40,
    b"\xff",
    b"\xef\xbb\xbf",
    "é\u202e".encode(),
    b"1-2",
    b"1.1",
]


@dataclass(frozen=True)
class Reader:
    """Something that reads files: the seeds that are changed, the ending of their names, and the call."""

    name: str
    ending: str
    seeds: list[bytes]
    read: Callable[[Path], Any]


@dataclass
class Count:
    """What became of the inputs of one reader."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    bad: list[str] = field(default_factory=list)


def audit(size: int, seed: int) -> Report:
    """Give `size` inputs to all readers together."""
    memory = Path("/dev/shm")  # noqa: S108 (a disk need not bear so many files)
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=memory if memory.is_dir() else None) as folder:
        readers = _readers(Path(folder))
        counts = {reader.name: _try(reader, Path(folder), size // len(readers), seed) for reader in readers}
    rows: list[dict[str, Any]] = [
        {
            "reader": name,
            "inputs": sum(count.outcomes.values()),
            "read": count.outcomes["read"],
            "refused": count.outcomes["refused"],
            "other": count.outcomes["other"],
            "slowest": f"{count.slowest:.2f} s",
        }
        for name, count in counts.items()
    ]
    summary = {what: sum(row[what] for row in rows) for what in ("inputs", "read", "refused", "other")}
    return Report(summary, rows, [f"{name}: {line}" for name, count in counts.items() for line in count.bad])


def _readers(folder: Path) -> list[Reader]:
    teaching = ROOT / "data" / "teaching-model"
    sentence = "1\tDogs\tdog\tNOUN\tNNS\tNumber=Plur\t2\tnsubj\t_\t_\n2\tbark\tbark\tVERB\tVBP\t_\t0\troot\t_\t_\n\n"
    both = "1-2\tdu\t_\t_\t_\t_\t_\t_\t_\t_\n"
    treebank = f"# sent_id = 1\n# text = Dogs bark\n{sentence}# newdoc\n{both}{sentence}".encode()

    class Elsewhere(Project):
        @property
        def profiles(self) -> Path:
            return folder

    project = Elsewhere(ROOT)

    def profile_of(path: Path) -> Any:
        (folder / "fuzzed.yml").write_bytes(path.read_bytes())
        read = load_profile(project, "fuzzed")
        return [read.values(chapter) for chapter in project.chapters.values()]

    rows = b"text\tlabel\nI like it.\tgood\nI hate it.\tbad\n" * 4
    pair = b'{"sentence_good": "Dogs bark.", "sentence_bad": "Dogs barks."}\n'
    pairs = b"".join(pair.replace(b"Dogs", f"Dogs{n}".encode()) for n in range(12))
    labels = b"".join(f"text {n}\t{'good' if n % 2 else 'bad'}\n".encode() for n in range(12))
    claim = (ROOT / "data" / "claims.yml").read_bytes().split(b"  - id: networks-recur\n")[1].split(b"  - id: ")[0]
    declared = b"controls: {signal-free activity: x}\nfamilies: {recurrence: x}\nclaims:\n  - id: one\n" + claim
    chapter = b"# One\n\n```{code-cell} python\n:tags: [parameters]\na: int = -1  # the number\n"
    chapter += b'b: list[str] | None = None\nc: str = "x # y"  # text\n```\n'
    networks = artefacts.save(_networks(), folder / "seed.safetensors", {"texts": "a"}).read_bytes()
    made = b'{"command": "make results", "seconds": 3, "files": {"analysis/errors.py": "0123"}, "parameters": {"k": 2}}'
    table = b"tag,estimate,low,high\nNOUN,0.1,0.0,0.2\nVERB,0.3,0.1,0.4\n"
    profile = b"all: {n_texts: 8}\n'03':\n  k: 4\n04_recurrence: {datasets: 'teaching:stories|teaching:reviews'}\n"
    texts = [
        Reader(f"texts, {ending[1:]}", ending, seeds, load_texts)
        for ending, seeds in {
            ".conllu": [treebank],
            ".tsv": [rows],
            ".csv": [rows.replace(b"\t", b",")],
            ".json": [b'["one", "two"]', b'[{"text": "one", "label": 1}, {"text": "two", "label": 0}]'],
            ".jsonl": [b'{"text": "one", "label": 1}\n{"text": "two"}\n'],
            ".txt": [b"One text.\n\nAnother one,\nof two lines.\n"],
        }.items()
    ]
    return [
        *texts,
        Reader("items, pairs", ".jsonl", [pairs], lambda path: item_files.read_tasks(str(path), 10)),
        Reader("items, labels", ".tsv", [labels], lambda path: item_files.read_tasks(str(path), 10)),
        Reader("claims.yml", ".yml", [declared], declarations.load),
        Reader("claims.json", ".json", [b'{"claims": []}', _claims_json()], claim_records.read),
        Reader("stored result", ".json", [made], _result),
        Reader("stored table", ".csv", [table], _table),
        Reader("saved networks", ".safetensors", [networks], lambda path: artefacts.load(path, {"texts": "a"}, "make")),
        Reader("profile", ".yml", [profile], profile_of),
        Reader("chapter", ".md", [chapter], lambda path: Chapter("01_x", path).parameters),
        Reader("typed parameters", ".txt", [b"k=3 texts='a b' x=1e-3"], _typed),
        Reader("recipe of a model", ".json", [(teaching / "config.json").read_bytes()], _config),
    ]


def _claims_json() -> bytes:
    declared = declarations.load(ROOT / "data" / "claims.yml")
    return claim_records.to_json([not_measured(claim) for claim in declared.values()][:2]).encode()


def _networks() -> Networks:
    rng = np.random.default_rng(0)
    maps: npt.NDArray[np.float32] = rng.normal(size=(2, 6)).astype(np.float32)
    courses: npt.NDArray[np.float32] = rng.normal(size=(4, 2)).astype(np.float32)
    return Networks(maps, courses, np.array([0.5, 0.2]), (3, 3), "mlp_activation", "a", np.array([1.0, 1.0]), True)


def _result(path: Path) -> Any:
    folder = path.parent / "result"
    folder.mkdir(exist_ok=True)
    path.replace(folder / "made.json")
    return results.find("result", path.parent)


def _table(path: Path) -> Any:
    path.replace(path.parent / "t.csv")
    return results.Result(path.parent, {}).table("t")


def _typed(path: Path) -> Any:
    return parse_assignments(path.read_text("utf-8", "replace"))


def _config(path: Path) -> Any:
    path.replace(path.parent / "config.json")
    return geometry(read_config(str(path.parent)), "it")


def _try(reader: Reader, folder: Path, size: int, seed: int) -> Count:
    draw, count = random.Random(f"{reader.name} {seed}"), Count()
    for number in range(size):
        content = mutate(draw.choice(reader.seeds), draw)
        path = folder / f"input{reader.ending}"
        path.write_bytes(content)
        started = time.perf_counter()
        outcome = _outcome(reader, path)
        count.slowest = max(count.slowest, time.perf_counter() - started)
        kind = outcome if outcome in ("read", "refused") else "other"
        count.outcomes[kind] += 1
        if kind == "other" and not any(line.startswith(outcome.partition(":")[0]) for line in count.bad):
            count.bad.append(f"{outcome}; input {number}: {content[:300]!r}")
    print(f"{reader.name}: {dict(count.outcomes)}, slowest {count.slowest:.2f} s", file=sys.stderr, flush=True)
    return count


def _outcome(reader: Reader, path: Path) -> str:
    def too_late(signum: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"more than {_LIMIT} s")

    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(_LIMIT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the libraries' words on odd files; the outcome is what is judged
            reader.read(path)
    except InputError as error:
        return "refused" if "\n" not in str(error) else "InputError of several lines"
    except Exception as error:  # what is looked for
        return f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
    finally:
        signal.alarm(0)
    return "read"


def mutate(content: bytes, draw: random.Random) -> bytes:
    """Change a file at one to six places: bits, pieces that formats trip over, parts left out, doubled or moved."""
    found = bytearray(content)
    for _ in range(draw.randint(1, 6)):
        place = draw.randrange(len(found) + 1)
        end = min(len(found), place + draw.choice((1, 2, 8, 40)))
        match draw.randrange(7):
            case 0 if place < len(found):
                found[place] ^= 1 << draw.randrange(8)
            case 1:
                found[place:place] = draw.choice(_PIECES)
            case 2:
                del found[place:end]
            case 3:
                found[place:place] = found[place:end] * draw.choice((1, 2, 50))
            case 4:
                found = found[:place]
            case 5:
                lines = found.split(b"\n")
                draw.shuffle(lines)
                found = bytearray(b"\n".join(lines))
            case _:
                found[place:end] = draw.choice(_PIECES)
    return bytes(found)
