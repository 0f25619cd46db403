"""The driver, on a project of three small chapters made for each test."""

import errno
import fcntl
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book"))

import run  # noqa: E402
from driver import rendering  # noqa: E402
from driver.cache import Cache, Entry  # noqa: E402
from driver.card import with_card  # noqa: E402
from driver.chapters import Project, only  # noqa: E402
from driver.execution import plan  # noqa: E402
from driver.files import is_full, write_atomically  # noqa: E402
from driver.parameters import Parameter, Typed, as_text, fit, parse_assignments, parse_cell  # noqa: E402
from driver.profiles import load_profile  # noqa: E402
from driver.progress import Progress  # noqa: E402
from driver.rendering import Site  # noqa: E402
from driver.shipped import LIST, refuse_damaged, write_list  # noqa: E402

from analysis.errors import InputError  # noqa: E402

HEAD = "---\nkernelspec: {name: python3, display_name: Python 3}\n"
FIGURE = """
```{code-cell}
---
mystnb:
  figure: {name: fig-line, caption: A line.}
  image: {alt: a line that rises}
---
import matplotlib.pyplot as plt

plt.plot([0, n])
plt.show()
```
"""
CHAPTERS = {
    "01_signal": HEAD
    + """---

# Signal

As $x^2$.

```{code-cell} python
:tags: [parameters]
n: int = 5  # how many
gain: float = 1.0  # times this
texts: str | None = None  # what to read
```

```{code-cell}
from analysis import tools

tools.save("x", [gain * i for i in range(n)])
print(tools.__file__)
```
""",
    "02_networks": HEAD
    + """needs: ["01"]
---

# Networks

See {doc}`01_signal` and {doc}`04_alone`.

```{code-cell}
:tags: [parameters]

k: int = 2  # number of networks
n: int = 5  # how many
```

```{code-cell}
from analysis import tools
from analysis.errors import InputError

x = tools.load("x")
if k > len(x):
    raise InputError(f"k is {k}, but there are {len(x)} numbers: give a smaller k")
tools.save("sum", sum(x[:k]))
```

```{code-cell}
1 / k
```
""",
    "04_alone": HEAD
    + """---

# Alone

```{code-cell}
:tags: [parameters]

n: int = 5  # how many
```

```{code-cell}
n
```
""",
}
TOOLS = """
import json, os
from pathlib import Path

def _folder():
    return Path(os.environ["FMRI_LM_RUN"])

def save(name, value):
    (_folder() / os.environ["FMRI_LM_CHAPTER"] / f"{name}.json").write_text(json.dumps(value))

def load(name):
    return json.loads(next(_folder().glob(f"*/{name}.json")).read_text())
"""


def write(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "study"
    for stem, text in CHAPTERS.items():
        write(root, f"book/{stem}.md", text)
    write(root, "book/intro.md", "# fMRI for Language Models\n\nSee {doc}`02_networks`.\n")
    write(root, "book/references.bib", "")
    write(root, "book/profiles/default.yml", "all: {}\n")
    write(root, "analysis/__init__.py", "")
    write(root, "analysis/tools.py", TOOLS)
    write(root, "constraints.txt", "numpy==2\n")
    write(root, "data/words.txt", "one two\n")
    files = "".join(f"      - file: book/{stem}.ipynb\n" for stem in CHAPTERS)
    toc = (
        f"format: jb-book\nroot: book/intro\nparts:\n  - caption: Chapters\n    numbered: true\n    chapters:\n{files}"
    )
    write(root, "_toc.yml", toc)
    shutil.copy(ROOT / "analysis" / "errors.py", root / "analysis")
    shutil.copy(ROOT / "_config.yml", root)
    shutil.copytree(ROOT / "_ext", root / "_ext", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "book" / "_static", root / "book" / "_static")
    return root


@pytest.fixture
def unrendered(monkeypatch, root):
    """Leave Jupyter Book out, for speed: a page is made of the names of its notebooks. No chapter needs fonts."""
    write(root, "_build/kernel/matplotlib/fontlist-none.json", "")

    def render(site):
        site.html.mkdir(parents=True, exist_ok=True)
        (site.html / "index.html").write_text(" ".join(site.notebooks))
        return True

    monkeypatch.setattr(run, "render", render)


def call(root, *arguments):
    return run.main([*arguments, "--root", str(root)])


def statuses(folder):
    record = json.loads((folder / "run.json").read_text())
    return {stem: chapter["status"] for stem, chapter in record["chapters"].items()}


def edit(root, name, old, new):
    path = root / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def keys(root, **changed):
    project = Project(root)
    values = {stem: chapter.defaults | changed.get(stem, {}) for stem, chapter in project.chapters.items()}
    return {task.chapter.stem: task.key for task in plan(project, list(project.chapters.values()), values)}


# Parameters


@pytest.mark.parametrize(
    ("type_", "typed", "value"),
    [
        ("int", "5", 5),
        ("float", "5", 5.0),
        ("float", "1e-3", 0.001),
        ("bool", "true", True),
        ("str", "no", "no"),
        ("str", "007", "007"),
        ("str", "[odd", "[odd"),
        ("str", "*.txt", "*.txt"),
        ("str | None", "null", None),
        ("int | str", "5", 5),
        ("list[int]", "[1, 2]", [1, 2]),
        ("list[str] | None", "[en, no]", ["en", "no"]),
    ],
)
def test_fit_reads_what_was_typed_as_the_declared_type(type_, typed, value):
    fitted = fit(Parameter("p", type_, None, ""), Typed(typed), "02_x")
    assert fitted == value
    assert type(fitted) is type(value)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        *[("int", Typed(text)) for text in ("many", "1.5", "true", "", "010")],
        ("bool", Typed("1")),
        ("float", Typed("x")),
        ("str", 5),
        ("list[int]", ["a"]),
    ],
)
def test_fit_refuses_other_types_naming_parameter_value_and_type(type_, value):
    with pytest.raises(InputError) as error:
        fit(Parameter("p", type_, None, ""), value, "02_x")
    message = str(error.value)
    assert "\n" not in message
    assert all(part in message for part in ("02_x", "p must be", type_, as_text(value)))


def test_parse_cell_reads_name_type_default_and_help():
    cell = 'a: int = -1  # the #1 number\nb: list[str] | None = None\nc: str = "x # y"  # text\n'
    assert parse_cell(cell) == (
        Parameter("a", "int", -1, "the #1 number"),
        Parameter("b", "list[str] | None", None, ""),
        Parameter("c", "str", "x # y", "text"),
    )


@pytest.mark.parametrize("line", ["a = 1", "a: int", "a: int = 'x'", "a: dict = {}", "a: int = len('x')", "import os"])
def test_parse_cell_refuses(line):
    with pytest.raises(InputError):
        parse_cell(line)


def test_assignments_hold_spaces_in_quotes():
    assert parse_assignments("a=1 b='x y' c=") == {"a": "1", "b": "x y", "c": ""}
    for text in ("a", "=1", "a='x"):
        with pytest.raises(InputError):
            parse_assignments(text)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["chapter", "1", "--parameters", "gian=2"], ["01_signal", "'gian'", "did you mean gain?", "n, texts"]),
        (["chapter", "1", "--parameters", "n=many"], ["01_signal", "n must be int", "'many'"]),
        (["chapter", "2", "--parameters", "gain=2"], ["02_networks", "'gain'", "k, n"]),
        (["chapter", "1", "--parameters", "n"], ["'n'", "name=value"]),
        (["chapter", "01_signl"], ["did you mean 01_signal?", "02_networks"]),
        (["chapter", "3"], ["'3'", "01_signal, 02_networks, 04_alone"]),
        (["chapter", ""], ["01_signal, 02_networks, 04_alone"]),
        (["book", "--profile", "defualt"], ["did you mean default?"]),
        (["book", "--jobs", "0"], ["JOBS"]),
    ],
)
def test_a_mistake_ends_in_one_line_and_code_2(root, capsys, arguments, parts):
    assert call(root, *arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert all(part in error for part in parts), error
    assert not (root / "_build").exists()


@pytest.mark.parametrize("name", ["2", "02", "02_networks", "02_networks.md", "book/02_networks.ipynb"])
def test_a_chapter_has_several_names(root, name):
    assert Project(root).chapter(name).stem == "02_networks"


@pytest.mark.parametrize(
    ("profile", "part"),
    [
        ("all: {gian: 2}", "did you mean gain?"),
        ("'02': {gain: 2}", "02_networks"),
        ("'03': {n: 2}", "no chapter '03'"),
        ("all: {n: many}", "n must be int"),
        ("all: 3", "must hold"),
        ("all: {n: [", "small.yml"),
    ],
)
def test_a_profile_refuses_what_no_chapter_knows(root, capsys, profile, part):
    write(root, "book/profiles/small.yml", profile)
    assert call(root, "book", "--profile", "small") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert part in error


def test_all_reaches_the_chapters_that_have_it_and_a_section_wins(root):
    write(root, "book/profiles/small.yml", "all: {n: 3, gain: 2}\n02: {n: 4}\n04_alone:\n")
    project = Project(root)
    profile = load_profile(project, "small")
    assert profile.values(project.chapter("1")) == {"n": 3, "gain": 2.0, "texts": None}
    assert profile.values(project.chapter("2")) == {"k": 2, "n": 4}
    assert profile.values(project.chapter("4")) == {"n": 3}


def test_only_the_default_book_lies_beside_the_sources(root):
    write(root, "book/profiles/small.yml", "all: {n: 3}\n")
    default, small = (run.book_order(Project(root), name) for name in ("default", "small"))
    assert (default.run.folder, default.notebooks) == (root / "_build", root / "book")
    folder = root / "_build/runs/small"
    assert (small.run.folder, small.notebooks) == (folder, folder / "notebooks")


def test_chapters_that_need_each_other_are_refused(root, capsys):
    edit(root, "book/01_signal.md", "---\n\n# Signal", 'needs: ["02"]\n---\n\n# Signal')
    assert call(root, "book") == 2
    assert "circle: 01_signal -> 02_networks -> 01_signal" in capsys.readouterr().err


# Staleness


@pytest.mark.parametrize(
    ("name", "stale"),
    [
        ("analysis/tools.py", {"01_signal", "02_networks"}),
        ("analysis/__init__.py", {"01_signal", "02_networks"}),
        ("data/words.txt", "all"),
        ("constraints.txt", "all"),
        ("book/01_signal.md", {"01_signal", "02_networks"}),
        ("book/02_networks.md", {"02_networks"}),
        ("book/intro.md", set()),
        ("_config.yml", set()),
    ],
)
def test_a_change_makes_stale_what_depends_on_it(root, name, stale):
    before = keys(root)
    with (root / name).open("a") as file:
        file.write("\n")
    changed = {stem for stem, key in keys(root).items() if key != before[stem]}
    assert changed == (set(CHAPTERS) if stale == "all" else stale)


def test_modules_count_for_the_chapters_that_use_them_by_whatever_way(root):
    before = keys(root)
    write(root, "analysis/deep/other.py", "")
    assert keys(root) == before
    write(root, "analysis/tools.py", "from analysis.deep import other\n" + TOOLS)
    used = keys(root)
    write(root, "analysis/deep/other.py", "changed = True\n")
    assert {stem for stem, key in keys(root).items() if key != used[stem]} == {"01_signal", "02_networks"}


def test_a_chapter_that_cannot_be_parsed_hangs_on_all_modules(root):
    write(root, "book/04_alone.md", CHAPTERS["04_alone"].replace("\nn\n```", "\nn +\n```"))
    before = keys(root)
    write(root, "analysis/deep/other.py", "")
    assert {stem for stem, key in keys(root).items() if key != before[stem]} == {"04_alone"}


def test_parameters_make_stale_the_chapter_and_those_that_need_it(root):
    before, after = keys(root), keys(root, **{"01_signal": {"gain": 2.0}})
    assert {stem for stem in before if before[stem] != after[stem]} == {"01_signal", "02_networks"}


@pytest.mark.parametrize("named", ["own", "own/a.txt", "own/*.txt", "{root}/own"])
def test_the_contents_of_named_files_count(root, named):
    write(root, "own/a.txt", "a")
    changed = {"01_signal": {"texts": named.format(root=root)}}
    before = keys(root, **changed)
    assert keys(root, **changed) == before
    write(root, "own/a.txt", "b")
    assert keys(root, **changed)["01_signal"] != before["01_signal"]
    assert keys(root, **changed)["04_alone"] == before["04_alone"]


@pytest.mark.parametrize("text", ["x" * 300, "a sentence. " * 500, "[*", "~", ""])
def test_text_that_names_no_file_is_only_text(root, text):
    assert keys(root, **{"01_signal": {"texts": text}})


# Runs


def test_a_book_is_executed_once_and_then_cached(root, unrendered, capsys):
    assert call(root, "book") == 0
    build = root / "_build"
    assert set(statuses(build).values()) == {"executed"}
    assert json.loads((build / "artifacts/02_networks/sum.json").read_text()) == 1.0
    first = json.loads((build / "run.json").read_text())
    notebooks = {path.name: path.read_bytes() for path in (root / "book").glob("*.ipynb")}
    assert set(notebooks) == {f"{stem}.ipynb" for stem in CHAPTERS}
    shutil.rmtree(build / "artifacts/01_signal")
    capsys.readouterr()

    started = time.monotonic()
    assert call(root, "book") == 0
    assert time.monotonic() - started < 5
    assert "3 cached" in capsys.readouterr().out
    again = json.loads((build / "run.json").read_text())
    assert set(statuses(build).values()) == {"cached"}
    for stem in CHAPTERS:
        assert again["chapters"][stem] == first["chapters"][stem] | {"status": "cached"}
        assert first["chapters"][stem]["seconds"] > 0
        assert 20 < first["chapters"][stem]["peak_memory_mb"] < 2000
    assert (build / "artifacts/01_signal/x.json").exists()
    assert {path.name: path.read_bytes() for path in (root / "book").glob("*.ipynb")} == notebooks
    assert str(root) not in "".join(content.decode() for content in notebooks.values())
    assert "papermill" not in json.loads(notebooks["01_signal.ipynb"])["metadata"]

    # What was cut short is executed again; what was whole is not.
    cached = next((build / "cache/01_signal").glob("*/notebook.ipynb"))
    cached.write_bytes(cached.read_bytes()[:200])
    assert call(root, "book") == 0
    assert statuses(build) == {"01_signal": "executed", "02_networks": "cached", "04_alone": "cached"}


def test_a_chapter_run_has_a_folder_of_its_own(root, unrendered, capsys):
    write(root, "_build/html/index.html", "good")
    write(root, "_build/run.json", "{}")
    write(root, "book/01_signal.ipynb", "old")
    assert call(root, "chapter", "2", "--parameters", "n=7 k=7") == 0
    name = re.match(r"run (02_networks-\w{8})\n", capsys.readouterr().out)[1]
    folder = root / "_build/runs" / name
    assert statuses(folder) == {"01_signal": "executed", "02_networks": "executed"}
    assert json.loads((folder / "artifacts/02_networks/sum.json").read_text()) == 21.0
    notebook = json.loads((folder / "notebooks/02_networks.ipynb").read_text())
    assert any("".join(cell["source"]) == "# parameters of this run\nk = 7\nn = 7\n" for cell in notebook["cells"])
    assert (root / "_build/html/index.html").read_text() == "good"
    assert (root / "_build/run.json").read_text() == "{}"
    assert (root / "book/01_signal.ipynb").read_text() == "old"
    assert {path.name for path in (root / "_build").iterdir()} == {"cache", "html", "kernel", "run.json", "runs"}

    # The user's mistake in a chapter is one line; nothing else is lost by it.
    assert call(root, "chapter", "2", "--parameters", "n=7 k=8") == 2
    out, error = capsys.readouterr()
    assert error.count("\n") == 1
    assert "02_networks, cell 2 of 3: k is 8, but there are 7 numbers" in error
    partial = next((root / "_build/runs").glob("*/failed/02_networks.ipynb"))
    assert str(partial) in error
    assert "01_signal: executing" not in out


def test_a_bug_keeps_its_traceback_the_partial_notebook_and_the_old_pages(root, unrendered, capsys):
    write(root, "_build/html/index.html", "good")
    edit(root, "book/01_signal.md", "from analysis", "print('before')\n1 / 0\nfrom analysis")
    assert call(root, "book") == 1
    error = capsys.readouterr().err
    assert "01_signal, cell 2 of 2: ZeroDivisionError: division by zero" in error
    assert "----> " in error
    assert "02_networks: skipped" in error
    assert statuses(root / "_build") == {"01_signal": "failed", "02_networks": "skipped", "04_alone": "executed"}
    assert "before" in (root / "_build/failed/01_signal.ipynb").read_text()
    assert (root / "_build/html/index.html").read_text() == "good"
    assert not list((root / "book").glob("*.ipynb"))

    edit(root, "book/01_signal.md", "1 / 0\n", "")
    assert call(root, "book") == 0
    assert statuses(root / "_build") == {"01_signal": "executed", "02_networks": "executed", "04_alone": "cached"}
    assert not (root / "_build/failed/01_signal.ipynb").exists()


def test_a_kernel_that_dies_is_named(root, unrendered, capsys):
    edit(root, "book/04_alone.md", "\nn\n", "\nimport os; os._exit(9)\n")
    assert call(root, "chapter", "4") == 1
    assert "04_alone, cell 2 of 2: DeadKernelError: the kernel died" in capsys.readouterr().err


def test_independent_chapters_run_side_by_side(root, unrendered):
    wait = """import time
from pathlib import Path

Path("{me}.here").touch()
for _ in range(300):
    if Path("{other}.here").exists():
        break
    time.sleep(0.1)
else:
    raise TimeoutError
"""
    edit(root, "book/01_signal.md", "from analysis", wait.format(me="one", other="four") + "from analysis")
    edit(root, "book/04_alone.md", "\nn\n", "\n" + wait.format(me="four", other="one"))
    assert call(root, "book", "--jobs", "2") == 0


def test_one_build_at_a_time(root, capsys):
    lock = write(root, "_build/.lock", "4711")
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert call(root, "book") == 2
    assert "another build (process 4711)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.ENOSPC, 2), (errno.EDQUOT, 2), (errno.EROFS, 2), (errno.EACCES, 2), (errno.EBADF, None)],
)
def test_a_full_disk_or_a_folder_that_may_not_be_written_to_is_one_line(root, monkeypatch, capsys, number, code):
    def refuse(*arguments):
        raise OSError(number, os.strerror(number), "_build/run.json")

    monkeypatch.setattr(run, "fulfil", refuse)
    if code is None:  # a bug of ours keeps its traceback
        with pytest.raises(OSError, match=r"_build/run\.json"):
            call(root, "book")
        return
    assert call(root, "book") == code
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert all(part in error for part in (os.strerror(number), "_build/run.json", "give the command again"))


def test_a_disk_that_is_full_in_the_midst_of_a_chapter_is_one_line(root, unrendered, capsys):
    edit(root, "book/04_alone.md", "\nn\n", "\nimport errno\nraise OSError(errno.ENOSPC, 'No space left', 'x')\n")
    assert call(root, "chapter", "4") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "04_alone, cell 2 of 2: [Errno 28] No space left: 'x'" in error


def test_a_disk_that_is_full_while_pages_are_rendered_is_told_from_a_fault_in_them(root, monkeypatch, tmp_path):
    said = subprocess.CompletedProcess([], 1, "", f"OSError: [Errno 28] {os.strerror(errno.ENOSPC)}\n")
    monkeypatch.setattr(rendering.subprocess, "run", lambda *arguments, **options: said)
    site = Site(Project(root), root / "html", tmp_path, {}, root / "none", root / "none", complete=True)
    with pytest.raises(OSError, match=r"\[Errno 28\]"):
        rendering.render(site)


def test_what_fails_on_a_full_disk_fails_of_that(root, unrendered, monkeypatch, capsys):
    edit(root, "book/04_alone.md", "\nn\n", "\n1 / 0\n")
    monkeypatch.setattr(run, "is_full", lambda folder: True)
    assert call(root, "chapter", "4") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "no room left on the disk" in error


def test_a_disk_is_full_where_no_mebibyte_is_left(tmp_path, monkeypatch):
    assert not is_full(tmp_path / "not" / "there")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**9, 10**9 - 5000, 5000))
    assert is_full(tmp_path)


def test_what_two_runs_have_made_at_once_is_kept_once(tmp_path):
    cache = Cache(tmp_path / "cache")

    def made(text):
        folder = tmp_path / f"made-{text}"
        folder.mkdir()
        (folder / "notebook.ipynb").write_text(text)
        return Entry(folder, 1.0, 100.0)

    first = cache.put("01", "k" * 64, made("one"), tmp_path)
    assert cache.put("01", "k" * 64, made("two"), tmp_path).notebook.read_text() == "one"
    first.notebook.write_text("damaged")
    assert cache.put("01", "k" * 64, made("three"), tmp_path).notebook.read_text() == "three"


def test_jupyter_book_leaves_with_the_program_that_called_it():
    waiting = [sys.executable, "-c", rendering._LEAVE + "import time; time.sleep(60)"]
    process = subprocess.Popen(waiting, stdin=subprocess.PIPE)
    process.stdin.close()
    assert process.wait(20) == 1


@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_a_shipped_file_that_is_not_as_shipped_is_named_before_anything_runs(root, capsys, how):
    path = write(root, "data/teaching-model/model.safetensors", "weights")
    write(root, "data/sisters/seed-2/config.json", "{}")
    (root / LIST).parent.mkdir(parents=True)
    write_list(root)
    refuse_damaged(Project(root))
    assert len((root / LIST).read_text().splitlines()) == 2
    if how == "gone":
        path.unlink()
    else:
        path.write_text("weighty" if how == "flipped" else "weig")
    assert call(root, "book") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert all(part in error for part in ("data/teaching-model/model.safetensors", "git checkout", "make shipped"))
    assert not (root / "_build").exists()


def test_the_list_of_what_is_shipped_is_whole(tmp_path):
    listed = {line.partition("  ")[2] for line in (ROOT / LIST).read_text().splitlines()}
    assert {str(path.relative_to(ROOT)) for path in (ROOT / "data").rglob("*.safetensors")} <= listed
    refuse_damaged(Project(ROOT))


def processes_about(root):
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            environment = (path / "environ").read_bytes()
        except OSError:
            continue
        if f"FMRI_LM_RUN={root}".encode() in environment and path.name != str(os.getpid()):
            found.append(path.name)
    return found


@pytest.mark.parametrize("end", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
@pytest.mark.skipif(sys.platform != "linux", reason="looks for leftover processes in /proc")
def test_a_killed_run_leaves_no_process_and_goes_on_where_it_was(root, unrendered, end):
    edit(
        root,
        "book/02_networks.md",
        "\n1 / k\n",
        "\nfrom pathlib import Path\nimport time\n"
        "Path('reached').touch()\nif not Path('quick').exists():\n    time.sleep(60)\n",
    )
    command = [sys.executable, str(ROOT / "book/run.py"), "chapter", "2", "--root", str(root)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (root / "reached").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(end)
    assert process.wait(20) == (130 if end == signal.SIGINT else -signal.SIGKILL)
    while processes_about(root):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (root / "quick").touch()
    assert call(root, "chapter", "2") == 0
    folder = next((root / "_build/runs").iterdir())
    assert statuses(folder) == {"01_signal": "cached", "02_networks": "executed"}
    assert json.loads((folder / "artifacts/02_networks/sum.json").read_text()) == 1.0


# Pages


def test_the_rendered_book_is_whole_and_needs_no_network(root):
    edit(root, "book/04_alone.md", "\nn\n", "\nn\n```\n" + FIGURE + "\nSee {numref}`fig-line`.\n\n```{code-cell}\nn\n")
    assert call(root, "book") == 0
    html = root / "_build/html"
    page = (html / "book/04_alone.html").read_text()
    # Numbered as the file is, not as it comes.
    assert re.search(r"<h1>\s*<span class=\"section-number\">4\. </span>Alone", page)
    assert "Fig. 4.1" in page
    assert "chapter-card" in page
    assert 'alt="a line that rises"' in page
    text = "".join(path.read_text() for path in html.rglob("*.html"))
    assert not re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"https?:[^>]*>", text)
    assert "thebe" not in text
    assert "github" not in text
    assert str(root) not in text
    assert re.search(r"src=\"[./]*_static/mathjax/tex-chtml\.js", (html / "book/01_signal.html").read_text())
    assert (html / "_static/mathjax/tex-chtml.js").exists()
    assert list((html / "_static/mathjax/output/chtml/fonts").rglob("*.woff"))
    assert (html / "_sources/book/01_signal.md").read_text() == (root / "book/01_signal.md").read_text()
    assert json.loads((html / "_sources/book/01_signal.ipynb").read_text())["cells"]
    assert all(f"_sources/book/01_signal.{end}" in text for end in ("md", "ipynb"))
    # The figure's data: kept with the execution, a file of the book, no burden of the notebook.
    link = re.search(r'href="\.\./(_downloads/[0-9a-f]+/fig-line\.csv)"', page)
    assert (html / link[1]).read_text() == "panel,series,kind,x,y\n1,1,line,0,0\n1,1,line,1,5\n"
    assert "text/csv" not in (html / "_sources/book/04_alone.ipynb").read_text()
    (kept,) = (root / "_build/cache/04_alone").glob("*/notebook.ipynb")
    assert "1,1,line,1,5" in kept.read_text()


@pytest.mark.slow
def test_pages_are_renewed_when_they_changed_and_are_whole(root, capsys):
    assert call(root, "book") == 0
    html = root / "_build/html"

    # Unchanged: not rendered again.
    before = (html / "index.html").stat().st_mtime_ns
    assert call(root, "book") == 0
    assert "pages unchanged" in capsys.readouterr().out
    assert (html / "index.html").stat().st_mtime_ns == before

    # A broken reference fails the book, names its place and leaves the good pages.
    good = (root / "book/intro.md").read_text()
    write(root, "book/intro.md", good + "\n{numref}`fig-none`\n")
    assert call(root, "book") == 1
    error = capsys.readouterr().err
    assert "book/intro.md" in error
    assert "fig-none" in error
    assert (html / "index.html").stat().st_mtime_ns == before

    # A page that changed is rendered, with nothing executed.
    write(root, "book/intro.md", good + "\nA new line.\n")
    assert call(root, "book") == 0
    assert "A new line." in (html / "book/intro.html").read_text()
    assert set(statuses(root / "_build").values()) == {"cached"}

    # With an address, the repository's buttons appear.
    edit(root, "_config.yml", "\nonly_build", "\nrepository: {url: https://github.com/o/n, branch: main}\nonly_build")
    assert call(root, "book") == 0
    page = (html / "book/01_signal.html").read_text()
    assert "https://github.com/o/n/edit/main/book/01_signal.md" in page


def test_pages_of_one_chapter_may_link_to_absent_ones(root):
    assert call(root, "chapter", "2") == 0
    html = next((root / "_build/runs").glob("*/html"))
    assert {path.name for path in (html / "book").glob("*.html")} == {
        "intro.html",
        "01_signal.html",
        "02_networks.html",
    }
    assert not (root / "_build/html").exists()


def test_only_drops_chapters_and_empty_parts():
    toc = {
        "root": "book/intro",
        "parts": [
            {"caption": "A", "chapters": [{"file": "book/01_a.ipynb"}, {"file": "book/02_b.ipynb"}]},
            {"caption": "B", "chapters": [{"file": "book/03_c.ipynb"}]},
            {"caption": "C", "chapters": [{"file": "book/glossary"}]},
        ],
    }
    assert only(toc, {"02_b"}) == {
        "root": "book/intro",
        "parts": [
            {"caption": "A", "chapters": [{"file": "book/02_b.ipynb"}]},
            {"caption": "C", "chapters": [{"file": "book/glossary"}]},
        ],
    }


def test_the_card_stands_after_the_title(root):
    chapter = Project(root).chapter("1")
    notebook = {"cells": [{"cell_type": "markdown", "source": "(label)=\n# Signal\n\nAs ever.", "metadata": {}}]}
    made = with_card(notebook, chapter, chapter.defaults | {"gain": 2.0, "texts": "my texts"}, Entry(root, 75.2, 812.4))
    text = made["cells"][0]["source"]
    assert text.startswith("(label)=\n# Signal\n\n::::::{div} chapter-card\n1 min to read · 75 s to run · 812 MB")
    assert text.endswith("::::::\n\nAs ever.")
    assert 'href="../_sources/book/01_signal-clean.ipynb" download>notebook without outputs</a>' in text
    assert r"| `texts` | `str \| None` | `null` | `my texts` | what to read |" in text
    assert "| `n` | `int` | `5` |  | how many |" in text
    assert "make chapter CHAPTER=1 P=\"gain=2.0 texts='my texts'\"" in text
    assert 'make chapter CHAPTER=1 P="texts=path/to/*.txt"' in text


@pytest.mark.slow
def test_the_student_edition_has_no_solution_anywhere(root):
    path = root / "book/04_alone.md"
    secret = "\n## Exercises\n\n1. *Easy.* How many?\n\n   ```{dropdown} Solution\n   Forty-two.\n   ```\n"
    path.write_text(path.read_text() + secret)
    assert run.main(["student", "--root", str(root)]) == 0
    made = root / "_build/student"
    assert "How many?" in (made / "html/book/04_alone.html").read_text()
    cells = json.loads((made / "notebooks/04_alone.ipynb").read_text())["cells"]
    assert [cell["metadata"]["exercise"] for cell in cells if "exercise" in cell["metadata"]] == ["1"]
    assert not any(cell.get("outputs") for cell in cells)
    texts = [file for file in made.rglob("*") if file.suffix in (".html", ".md", ".ipynb", ".js", ".txt")]
    assert not [file for file in texts if "Forty-two" in file.read_text(errors="replace")]
    assert "Forty-two" in path.read_text()


def test_progress_is_in_place_on_a_terminal_and_in_lines_elsewhere():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for stream in (Terminal(), io.StringIO()):
        progress = Progress(stream)
        progress.start("01_a")
        progress.cell("01_a", 1, 2, None)
        progress.cell("01_a", 1, 2, 0.5)
        progress.end("01_a", "executed", 1.0, 200.0)
        told = stream.getvalue()
        assert "01_a: executed in 1.0 s, 200 MB\n" in told
        assert ("\r" in told) is stream.isatty()
        assert ("cell 1/2, 0.5 s\n" in told) is not stream.isatty()


@pytest.mark.parametrize("name", [path.stem for path in (ROOT / "book/profiles").glob("*.yml")])
def test_our_profiles_fit_our_chapters(name):
    project = Project(ROOT)
    profile = load_profile(project, name)
    for chapter in project.with_needs(list(project.chapters.values())):
        assert profile.values(chapter).keys() == chapter.parameters.keys()


def test_threads_that_write_one_file_at_once_all_succeed(tmp_path):
    path, content = tmp_path / "kernel.json", "word " * 100_000
    with ThreadPoolExecutor(8) as pool:
        for outcome in [pool.submit(write_atomically, path, content) for _ in range(64)]:
            outcome.result()
    assert path.read_text() == content
    assert list(tmp_path.iterdir()) == [path]
