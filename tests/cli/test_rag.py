"""The commands as a user runs them, on real pages with the model that loads fastest."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from workshop_lib.cli.rag.filters import parsed
from workshop_lib.rag.chunking import Chunk
from workshop_lib.rag.embedders.weights import MINILM
from workshop_lib.rag.errors import InvalidFilter
from workshop_lib.rag.index import open_index

MAIN = "from workshop_lib.cli import main; main()"
LACKING = f"from workshop_lib.course import extras; extras.missing = lambda extra: ['chromadb']; {MAIN}"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the Spanish pages are indexed."""
    home = tmp_path_factory.mktemp("home")
    done = workshop(home, "index", "--language", "es", "--embedder", "use")
    assert done.returncode == 0, done.stderr
    assert "documents: 18 indexed, 0 unchanged" in done.stdout
    assert "computed, 0 cached" in done.stdout
    return home


def command(home: Path, *arguments: str, program: str = MAIN, width: int = 100) -> tuple[list[str], dict[str, str]]:
    environment = {"WORKSHOP_HOME": str(home), "WORKSHOP_CACHE": str(home / "cache"), "COLUMNS": str(width)}
    return [sys.executable, "-P", "-c", program, "rag", *arguments], {**os.environ, **environment}


def workshop(home: Path, *arguments: str, program: str = MAIN, width: int = 100) -> subprocess.CompletedProcess[str]:
    line, environment = command(home, *arguments, program=program, width=width)
    return subprocess.run(line, env=environment, cwd=home, capture_output=True, text=True, check=False)


def test_what_is_there_is_skipped_and_a_collection_knows_its_embedder(home: Path):
    again = workshop(home, "index", "--language", "es")
    assert "documents: 0 indexed, 18 unchanged" in again.stdout
    assert "vectors:" not in again.stdout
    other = workshop(home, "index", "--language", "es", "--collection", "other", "--embedder", "use")
    assert "0 computed, " in other.stdout


def test_an_answer_stands_in_its_passage_with_its_source(home: Path):
    done = workshop(home, "ask", "¿Cómo declaro un parámetro de path?", "--filter", "language=es", width=80)
    assert done.returncode == 0, done.stderr
    assert "»" in done.stdout
    assert "[1]" in done.stdout
    assert "es/tutorial/path-params" in done.stdout
    assert "relevance 0." in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_section_that_was_found_twice_stands_once(home: Path):
    done = workshop(home, "ask", "¿Quién ganó el mundial de 1998?", "--top-k", "40", width=300)
    lines = done.stdout.partition("Nearest, but not used:")[2].strip().splitlines()
    sections = [line.partition("0.")[2][2:].strip() for line in lines]
    assert 1 < len(sections) == len(set(sections)) < 40
    assert lines == sorted(lines, key=lambda line: line.split()[1], reverse=True)


def test_json_says_the_same_with_offsets(home: Path):
    told = json.loads(workshop(home, "ask", "¿Cómo declaro un parámetro de path?", "--json", "--top-k", "2").stdout)
    assert len(told["results"]) == 2
    assert not told["abstained"]
    for citation in told["citations"]:
        result = next(result for result in told["results"] if result["id"] == citation["chunk_id"])
        start = result["metadata"]["start"]
        assert result["content"][citation["start"] - start : citation["end"] - start] == citation["text"]


def test_a_filter_that_nothing_fits_makes_it_abstain(home: Path):
    done = workshop(home, "ask", "¿Qué es FastAPI?", "--filter", '{"language": "fr"}')
    assert done.returncode == 0
    assert "don't answer" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ask", "x", "--filter", "nonsense"], "key=value"),
        (["ask", "x", "--filter", '{"a": {"$foo": 1}}'], "$foo"),
        (["ask", " "], "whitespace"),
        (["ask", "x", "--top-k", "0"], "top_k"),
        (["ask", "x", "--collection", "nowhere"], "workshop rag index --collection nowhere"),
        (["stats", "--url", "empty"], "workshop rag index"),
        (["stats", "--url", "http://127.0.0.1:9"], "no server answers"),
        (["eval", "--split", "tset"], "'calibrate', 'test'"),
        (["index", "--language", "fr"], "'en', 'es'"),
        (["index", "--chunk-size", "10", "--chunk-overlap", "10", "--collection", "other2"], "overlap"),
        (["index", "--embedder", "nobody"], "nobody"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_a_mistake_is_one_line(home: Path, arguments: list[str], said: str):
    done = workshop(home, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("workshop: ")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (home / "empty").exists()


def test_another_chunking_is_refused_until_it_is_asked_for(home: Path):
    workshop(home, "index", "--language", "es", "--collection", "small", "--embedder", "use")
    refused = workshop(home, "index", "--language", "es", "--collection", "small", "--chunk-size", "900")
    assert refused.returncode == 1
    assert "--fresh" in refused.stderr
    for mistake in (["--embedder", "nobody"], ["--chunk-size", "0"], [str(home / "nowhere")]):
        assert workshop(home, "index", "--collection", "small", "--fresh", *mistake).returncode == 1
        assert '"num_documents": 18' in workshop(home, "stats", "--collection", "small", "--json").stdout
    done = workshop(home, "index", "--language", "es", "--collection", "small", "--chunk-size", "900", "--fresh",
                    "--embedder", "use")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "900" in workshop(home, "stats", "--collection", "small").stdout


def test_files_are_indexed_and_bad_ones_named(home: Path, tmp_path: Path):
    text = "The :smile: machine is [red]descaled[/red] on Mondays."
    (tmp_path / "good.md").write_text(f"# [bold]Coffee[/bold]\n\n{text}\n")
    (tmp_path / "empty.md").touch()
    (tmp_path / "image.txt").write_bytes(b"\x89PNG\x00")
    done = workshop(home, "index", str(tmp_path), "nowhere", "--collection", "mine", "--embedder", "use")
    assert done.returncode == 1
    assert "documents: 1 indexed" in done.stdout
    for name in ("empty.md", "image.txt", "nowhere"):
        assert f"{name}: " in done.stderr
    assert "3 could not be indexed" in done.stderr
    # What looks like markup is shown as it is written.
    answer = workshop(home, "ask", "When is the machine descaled?", "--collection", "mine", width=200).stdout
    assert text in answer
    assert "[bold]Coffee[/bold]" in answer


def test_stats_agree_with_what_was_indexed(home: Path):
    told = json.loads(workshop(home, "stats", "--json").stdout)
    assert (told["num_documents"], told["embedding_model"], told["space"]) == (18, "use", "cosine")
    table = workshop(home, "stats").stdout
    assert "up to 500 characters, 50 shared" in table
    assert f"{told['num_chunks']:,}" in table


def test_a_collection_of_a_models_folder_says_what_to_pass(tmp_path: Path):
    with open_index(tmp_path / "chroma", model="mine@0123", dimension=2, chunk_size=500, chunk_overlap=50) as index:
        index.replace("note", [Chunk("A note.", 0, 7, 0, 1, ())], np.ones((1, 2)))

    stats = json.loads(workshop(tmp_path, "stats", "--json").stdout)
    assert (stats["embedding_model"], stats["num_chunks"]) == ("mine@0123", 1)
    for arguments in (["ask", "What?"], ["eval"], ["index"]):
        refused = workshop(tmp_path, *arguments, width=300)
        assert refused.returncode == 1
        assert "was made with 'mine@0123'" in refused.stderr
        assert "--embedder FOLDER" in refused.stderr


@pytest.mark.slow
def test_a_models_folder_opens_its_collection(tmp_path: Path):
    shutil.copytree(MINILM.find(), tmp_path / "mine")
    indexed = workshop(tmp_path, "index", "--language", "es", "--embedder", "mine")
    assert indexed.returncode == 0, indexed.stderr

    measured = json.loads(workshop(tmp_path, "eval", "--language", "es", "--embedder", "mine", "--json").stdout)

    assert measured["vectors"] is None
    assert measured["collection"]["embedding_model"].startswith("mine@")
    assert measured["collection"]["num_documents"] == 18


def test_eval_measures_the_collection_as_it_is(home: Path):
    told = json.loads(workshop(home, "eval", "--json", "--language", "es").stdout)
    (part,) = told["parts"]
    assert (part["language"], part["answerable"], part["unanswerable"]) == ("es", 20, 3)
    assert told["splits"] == ["test"]
    # Most Spanish questions are answered by one of eighteen pages; a model that knows Spanish finds it.
    assert part["pages"]["recall"]["5"]["estimate"] > 0.7
    assert part["pages"]["recall"]["1"]["low"] <= part["pages"]["recall"]["1"]["estimate"]
    table = workshop(home, "eval", width=80)
    assert table.returncode == 0, table.stderr
    for text in ("recall@1", "recall@5", "MRR@10", "NDCG@10", "Precision", "are left out", "embedder", "ms"):
        assert text in table.stdout
    assert "…" not in table.stdout
    assert "too good" not in table.stdout
    assert max(map(len, table.stdout.splitlines())) <= 100


def test_eval_warns_where_thresholds_were_chosen(home: Path):
    assert "too good" in workshop(home, "eval", "--split", "calibrate", "--language", "es").stdout


def test_a_missing_extra_is_named_with_its_remedy(home: Path):
    for name in ("index", "ask x", "eval", "stats"):
        done = workshop(home, *name.split(), program=LACKING)
        assert done.returncode == 1
        assert "[rag]" in done.stderr
        assert "chromadb" in done.stderr


def test_help_shows_examples_and_loads_nothing_heavy(home: Path):
    heavy = "{'torch', 'tensorflow', 'chromadb', 'numpy', 'langchain'} & set(sys.modules)"
    program = f"import sys\nfrom workshop_lib.cli import app\ntry:\n    app()\nfinally:\n    print({heavy})"
    done = workshop(home, "index", "--help", program=program)
    assert "workshop rag index notes/ README.md" in done.stdout
    assert done.stdout.rstrip().endswith("set()")


@pytest.mark.slow
def test_interrupted_indexing_leaves_whole_documents_and_continues(tmp_path: Path):
    line, environment = command(tmp_path, "index", "--embedder", "use", "--language", "en")
    started = subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    cache, until = tmp_path / "cache" / "embeddings.db", time.monotonic() + 120
    while not (cache.exists() and cache.stat().st_size > 100_000) and time.monotonic() < until:
        assert started.poll() is None, started.communicate()
        time.sleep(0.02)
    started.send_signal(signal.SIGINT)
    _out, said = started.communicate(timeout=120)
    assert started.returncode == 130, said
    assert "Run it again to continue" in said
    assert "Traceback" not in said
    again = workshop(tmp_path, "index", "--language", "en", "--embedder", "use")
    assert again.returncode == 0, again.stderr
    assert "136 documents" in again.stdout
    # What was computed before the interruption is not computed twice.
    assert " 0 cached" not in again.stdout


def test_a_filter_is_read_as_json_or_as_pairs():
    assert parsed([]) is None
    assert parsed(["language=en"]) == {"language": "en"}
    assert parsed(["year=2024"]) == {"year": 2024}
    assert parsed(['version="1"', "draft=false"]) == {"$and": [{"version": "1"}, {"draft": False}]}
    assert parsed(['{"year": {"$gte": 2020}}']) == {"year": {"$gte": 2020}}
    assert parsed(["path=a=b"]) == {"path": "a=b"}
    assert parsed(["x=null"]) == {"x": "null"}


@pytest.mark.parametrize("text", ["nonsense", "=x", '{"a": ', '{"a": {"$foo": 1}}', "$and=x", "x=NaN", ""])
def test_a_filter_that_is_none_is_refused(text: str):
    with pytest.raises(InvalidFilter):
        parsed([text])
