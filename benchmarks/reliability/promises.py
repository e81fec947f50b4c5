"""The promises: what is promised, which test causes the fault in ``make test``, and what the last run has found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- table: written by make reliability -->", "<!-- end of the table -->"
NOT_RUN = "not run yet"


@dataclass(frozen=True)
class Promise:
    """One promise.

    Attributes:
        words: what is promised.
        test: the test of ``make test``, "file: name".
        figure: key of the finding in a run of ``make reliability``; "" where the test is all there is.
    """

    words: str
    test: str
    figure: str = ""


PROMISES = (
    Promise(
        "`faceqgen score` killed at any point: the same call completes it, nothing lost, nothing scored twice, each score "
        "within 0.001 of 100 of an undisturbed run's",
        "tests/scripts/test_reliability.py: test_a_command_that_is_killed_is_completed_by_the_same_call",
        "cli",
    ),
    Promise(
        "`score_faces` killed at any point: another run completes it, fields and files as if nothing had been, scores within "
        "the same bound",
        "tests/scripts/test_reliability.py: test_an_operator_that_is_killed_is_completed_by_another_run",
        "operator",
    ),
    Promise(
        "A worker of delegated runs killed at any point: `score_faces` queued again completes it, in the same way",
        "tests/scripts/test_reliability.py: test_a_delegated_run_that_is_killed_is_completed_when_it_is_queued_again",
        "delegated",
    ),
    Promise(
        "The database killed in the midst of a run and back after 5 s: the run goes on to its end, and nothing is lost",
        "tests/scripts/test_database_away.py: test_a_database_that_is_away_for_five_seconds_costs_nothing",
        "outage-5",
    ),
    Promise(
        "The database killed and away for 60 s: one clear message, a true record, and another run completes it",
        "tests/scripts/test_database_away.py: test_a_database_that_stays_away_ends_the_run_with_one_message",
        "outage-60",
    ),
    Promise(
        "Two runs at once on a data set: into one field the second is refused, into two both complete",
        "tests/scripts/test_together.py: test_of_two_runs_into_one_field_the_second_is_refused_and_two_fields_both_complete",
        "together",
    ),
    Promise(
        "Eight clients at the panel and the filter while a run is on: 95 % of the answers within 2 s, or no later than "
        "FiftyOne's own",
        "tests/scripts/test_together.py: test_clients_are_answered_while_a_run_is_on",
        "clients",
    ),
    Promise(
        "Any bytes as an image file: pixels or a reason, never a crash, under 5 s, under 1 GB",
        "tests/scripts/test_reliability.py: test_no_mutated_file_breaks_the_reader",
        "images",
    ),
    Promise(
        "Any bytes to the assessor: scores or a reason, never a crash, under 5 s, under 1 GB",
        "tests/scripts/test_reliability.py: test_no_mutated_file_breaks_the_assessor",
        "assessor",
    ),
    Promise(
        "A face scores the same alone, in any batch and order, and with one thread or two: within 0.001 of 100, "
        "restored crops within one grey level",
        "tests/scripts/test_reliability.py: test_a_face_scores_the_same_in_any_batch",
        "batches",
    ),
    Promise(
        "A second run of `faceqgen score` into the same output is refused",
        "tests/cli/test_score_again.py: test_a_second_run_into_the_same_file_is_refused",
    ),
    Promise(
        "A full disk under the journal costs no row",
        "tests/cli/test_score_again.py: test_a_full_disk_under_the_journal_costs_no_row_of_this_run",
    ),
    Promise(
        "Decoding many large pictures at once stays within one budget of memory",
        "tests/core/media/test_memory_budget.py: *",
    ),
    Promise(
        "Fields and files that no run has made are neither written nor deleted",
        "tests/plugin/dataset/test_ownership.py: *",
    ),
    Promise(
        "A file stays that a sample shows, in whatever data set, field or way of naming its folder",
        "tests/plugin/results/test_references.py: *",
    ),
    Promise(
        "What is shown by the time of deleting is not deleted, whatever the plan was; a field stays taken as long as it takes",
        "tests/plugin/results/test_meanwhile.py: *",
    ),
    Promise(
        "A file that `faceqgen score` has not written is not replaced unasked, and a wrong option costs no row",
        "tests/cli/test_score_again.py: *",
    ),
    Promise(
        "A preset, or a network from elsewhere, that would take too much memory is refused before it does",
        "tests/core/foreign/test_refused.py: *",
    ),
    Promise(
        "No cell of our tables is run by a spreadsheet, and paths read back as they were",
        "tests/core/tables/test_csv_cells.py: *",
    ),
    Promise(
        "No package that is installed, and no lower bound, has a known fault: `make audit` asks where a database can be reached",
        "tests/scripts/test_audit.py: *",
    ),
    Promise(
        "What operators are sent is checked on the server",
        "tests/plugin/operators/test_parameters.py: *",
    ),
    Promise(
        "What the panel is sent is checked on the server; a refusal leaves the page as it was",
        "tests/plugin/panels/test_panel_events.py: *",
    ),
)


def table(findings: dict[str, str]) -> str:
    """The table in Markdown; findings by the key of their promise."""
    lines = ["| promise | test | figure of the last run |", "|---|---|---|"]
    for promise in PROMISES:
        file, name = promise.test.split(": ")
        test = f"`{file}`" if name == "*" else f"`{file}`, `{name}`"
        figure = findings.get(promise.figure, NOT_RUN) if promise.figure else "in `make test`"
        lines.append(f"| {promise.words} | {test} | {figure} |")
    return "\n".join(lines)


def write_page(findings: dict[str, str], about: str, page: Path = PAGE) -> None:
    """Put the table into the page; what a run has left out keeps the figure that stands there.

    Args:
        findings: by the key of their promise.
        about: when and on what they were found.
        page: the file.

    Raises:
        ValueError: the page has no place for the table.
    """
    text = page.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{page} has no place for the table: it stands between {BEGIN} and {END}")
    head, rest = text.split(BEGIN)
    old, tail = rest.split(END)
    dated = {key: f"{finding} ({about})" for key, finding in findings.items()}
    figures = {**_figures(old), **dated}
    page.write_text(f"{head}{BEGIN}\n\n{table(figures)}\n\n{END}{tail}", encoding="utf-8")


def _figures(old: str) -> dict[str, str]:
    """The figures of a table that was written before."""
    found = {}
    for promise in PROMISES:
        for line in old.splitlines():
            if promise.figure and line.startswith(f"| {promise.words} |"):
                found[promise.figure] = line.split(" | ")[-1].removesuffix(" |")
    return found
