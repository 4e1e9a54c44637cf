"""How answers and evaluations look in a terminal. What documents say is shown as text, whatever it looks like."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from workshop_lib.i18n import _

if TYPE_CHECKING:
    from workshop_lib.evaluation import Interval
    from workshop_lib.rag.measuring import Part, Ranked, Report
    from workshop_lib.rag.results import Answer, Citation, Result

MARKED = "bold reverse"
_WEB = ("http://", "https://")


def plain(text: object) -> str:
    """`text` without the control characters by which a document could command the terminal."""
    return "".join(char if char in "\n\t" or unicodedata.category(char) != "Cc" else "\ufffd" for char in str(text))


def answer_view(answer: "Answer", *, marks: bool) -> Iterator[RenderableType]:
    """The answer, then each passage it cites with the cited sentences marked in it, then what else was found.

    Args:
        marks: whether sentences are set between » and «, for where no colour shows.
    """
    if answer.warning:
        yield Text.assemble((_("warning:"), "bold yellow"), " ", plain(answer.warning))
    yield Text(plain(answer.text), "yellow" if answer.abstained else "bold")
    if answer.abstained and answer.results and answer.threshold is not None:
        text = _("Confidence {score}, and an answer takes {threshold}.")
        yield Text(text.format(score=f"{answer.score:.2f}", threshold=f"{answer.threshold:.2f}"), "dim")
    cited = {citation.chunk_id for citation in answer.citations}
    results = {result.id: result for result in answer.results}
    for chunk_id in dict.fromkeys(citation.chunk_id for citation in answer.citations):
        of_chunk = [citation for citation in answer.citations if citation.chunk_id == chunk_id]
        yield ""
        yield from _passage(results[chunk_id], of_chunk, marks)
    if others := [result for result in answer.results if result.id not in cited]:
        yield ""
        yield Text(_("Nearest, but not used:") if answer.abstained else _("Also found:"), "dim")
        yield _sections(others)


def _passage(result: "Result", citations: Sequence["Citation"], marks: bool) -> Iterator[RenderableType]:
    numbers = " ".join(f"[{citation.number}]" for citation in citations)
    yield Text.assemble((numbers, "bold cyan"), " ", _heading(result))
    if source := _source(result):
        yield Padding(Text(source, "dim"), (0, 0, 0, 4), expand=False)
    yield Padding(_marked(result, citations, marks), (0, 0, 0, 4), expand=False)


def _sections(results: Sequence["Result"]) -> Table:
    """Where they stand, each section once, at its best relevance."""
    table = Table.grid(padding=(0, 2, 0, 0))
    rows: dict[str, Text] = {}
    for result in results:
        where = Text("  ").join(_where(result))
        if where.plain not in rows:
            rows[where.plain] = where
            table.add_row("", Text(_relevance(result), "dim"), where)
    return table


def _heading(result: "Result") -> Text:
    return Text("  ").join([*_where(result), Text(_relevance(result), "dim")])


def _relevance(result: "Result") -> str:
    return _("relevance {score}").format(score=f"{result.relevance_score:.2f}")


def _where(result: "Result") -> list[Text]:
    title = plain(result.metadata.get("title") or "")
    under = [part for part in plain(result.metadata.get("headings") or "").split(" > ") if part and part != title]
    where = Text(" > ").join(Text(part) for part in ([title] if title else []) + under)
    return [part for part in (Text(plain(result.document_id), "green"), where) if part]


def _source(result: "Result") -> str:
    """Where a reader can open it: an address, if the metadata has one, or else what `source` says."""
    values = [str(result.metadata.get(key) or "") for key in ("url", "source_url", "source")]
    found = next((value for value in values if value.startswith(_WEB)), values[-1])
    return "" if found.startswith(result.document_id) else plain(found)


def _marked(result: "Result", citations: Sequence["Citation"], marks: bool) -> Text:
    shown, place, start = Text(), 0, int(result.metadata["start"])
    for citation in sorted(citations, key=lambda citation: citation.start):
        begin, end = citation.start - start, citation.end - start
        sentence = _close(result.content[begin:end])
        shown.append(_close(result.content[place:begin]))
        shown.append(f"»{sentence}«" if marks else sentence, MARKED)
        shown.append(f" [{citation.number}]", "bold cyan")
        place = end
    shown.append(_close(result.content[place:]))
    return shown


def _close(text: str) -> str:
    """Paragraphs without the empty lines between them: a passage is no page."""
    return re.sub(r"\n\s*\n", "\n", plain(text))


def answer_json(answer: "Answer") -> dict[str, Any]:
    """The answer for programs."""
    return {
        "question": answer.question,
        "text": answer.text,
        "abstained": answer.abstained,
        "score": answer.score,
        "threshold": answer.threshold,
        "warning": answer.warning,
        "citations": [dict(citation) for citation in answer.citations],
        "results": [
            {
                "id": result.id,
                "content": result.content,
                "metadata": dict(result.metadata),
                "distance": result.distance,
                "relevance_score": result.relevance_score,
            }
            for result in answer.results
        ],
    }


def pairs(rows: Mapping[str, str]) -> Table:
    """Names and values."""
    table = Table.grid(padding=(0, 2))
    for name, value in rows.items():
        table.add_row(Text(name, "dim"), Text(plain(value)))
    return table


def made(held: Mapping[str, str | int]) -> dict[str, str]:
    """What `RAGService.get_collection_stats` tells, in words."""
    chunking = _("up to {size} characters, {overlap} shared")
    return {
        _("documents"): f"{held['num_documents']:,}",
        _("chunks"): f"{held['num_chunks']:,}",
        _("chunking"): chunking.format(size=held["chunk_size"], overlap=held["chunk_overlap"]),
        _("embedder"): f"{held['embedding_model']}",
        _("dimension"): f"{held['embedding_dimension']}",
        _("distance"): f"{held['space']}",
    }


def latency(report: "Report") -> str:
    """The medians, on one line."""
    times = {
        _("a query for {k} chunks").format(k=report.top_k): report.latency.query,
        _("embedding it"): report.latency.embedding,
        _("searching"): report.latency.search,
        _("an answer"): report.latency.answer,
    }
    text = _("{what} {time} ms")
    return ", ".join(text.format(what=what, time=f"{time:.1f}") for what, time in times.items() if time is not None)


def report_tables(report: "Report") -> Iterator[Table]:
    """What is found; and, where it can abstain, when it is silent."""
    yield _rankings(report)
    if report.parts[0].silence:
        yield _silences(report)


def _rankings(report: "Report") -> Table:
    ks = sorted(next((part.pages.recall for part in report.parts if part.pages), {}))
    table = Table(
        title=_("Is what answers found?"),
        caption=_(
            "page: one that answers, among the first pages. passage: the chunk with the sentence that answers, among "
            "the first chunks. Below each figure, where it lies with 95 % confidence."
        ),
        title_justify="left",
        caption_justify="left",
        title_style="bold",
    )
    table.add_column(_("Language"), no_wrap=True)
    table.add_column(_("Of"), no_wrap=True)
    table.add_column("n", justify="right")
    for name in (*(f"recall@{k}" for k in ks), "MRR@10", "NDCG@10"):
        table.add_column(name, justify="right", no_wrap=True)
    for part in report.parts:
        table.add_section()
        for what, ranked, size in (
            (_("page"), part.pages, part.answerable),
            (_("passage"), part.chunks, part.chunks.mrr.size if part.chunks else 0),
        ):
            language = _language(part) if ranked is part.pages else ""
            table.add_row(language, what, str(size), *_figures(ranked, ks))
    return table


def _figures(ranked: "Ranked | None", ks: Sequence[int]) -> list[Text]:
    if ranked is None:
        return [Text("–")] * (len(ks) + 2)
    return [_figure(each) for each in (*(ranked.recall[k] for k in ks), ranked.mrr, ranked.ndcg)]


def _figure(interval: "Interval | None") -> Text:
    if interval is None:
        return Text("–")
    return Text.assemble((f"{interval.estimate:.2f}", "bold"), (f"\n{interval.low:.2f}–{interval.high:.2f}", "dim"))


def _silences(report: "Report") -> Table:
    table = Table(title=_("Is it silent when no page answers?"), title_justify="left", title_style="bold")
    table.add_column(_("Language"), no_wrap=True)
    for name in (_("No page answers"), _("Silent"), _("Rightly"), _("Precision"), _("Recall")):
        table.add_column(name, justify="right")
    for part in report.parts:
        if part.silence is None:
            continue
        counts = part.silence.counts
        silent = counts.right + counts.needless
        table.add_row(
            _language(part),
            str(part.unanswerable),
            str(silent),
            str(counts.right),
            _figure(part.silence.precision),
            _figure(part.silence.recall),
        )
    return table


def _language(part: "Part") -> str:
    return part.language or _("all")
