"""The blocks of a page: read by Sybil, run in the order of the page in the folder of today, each command in this process."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from sybil import Document, Example
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("python", "sh", "json", "yaml", "text", "dockerfile")
"""What a block may be written in."""

Skip = Callable[[str], bool]
"""Whether a block, or a command of a block of shell, is left out: told by its first line."""


def commands_of(block: str) -> list[str]:
    """The commands of a block of shell: continued lines as one, without what is said of them behind ``#``."""
    lines = block.replace("\\\n", " ").splitlines()
    told = (re.sub(r"\s+#.*$", "", line) for line in lines)
    return [re.sub(r"\s+", " ", line).strip() for line in told if line.strip()]


def keys_of(language: str, block: str) -> list[str]:
    """What a block, or each command of it, is known by: its first line."""
    return commands_of(block) if language == "sh" else [block.strip().splitlines()[0]]


def run_command(command: str) -> None:
    """Run a command of ours, ``faceqgen ...``, as a shell would."""
    from faceqgen_core.cli import main

    name, *arguments = shlex.split(command)
    assert name == "faceqgen", f"nobody runs: {command}"
    assert main(arguments) == 0, command


def blocks(
    page: Path,
    *,
    data: str = "",
    skip: Skip = lambda line: False,
    replace: Mapping[str, str] | None = None,
) -> list[Example]:
    """All blocks of a page, in its order, ready to be evaluated.

    Args:
        page: Markdown file.
        data: name of the file that a block of JSON is written to, for the commands that read it; empty: it is only parsed.
        skip: what is left out.
        replace: what a reader puts in the place of words in angle brackets.

    Raises:
        AssertionError: a block is in a language that nobody runs, or in none: set in by four spaces.
    """
    text = page.read_text(encoding="utf-8")
    for words, meant in (replace or {}).items():
        assert words in text, words
        text = text.replace(words, meant)

    def left_out(key: str) -> bool:
        for words, meant in (replace or {}).items():
            key = key.replace(meant, words)
        return skip(key)

    evaluators = _evaluators(data, left_out)
    read = Document(text, str(page))
    for name in LANGUAGES:
        for region in CodeBlockParser(name, evaluators[name])(read):
            read.add(region)
    examples = list(read.examples())
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert not re.search(r"\n\n {4}\S", outside), f"{page.name}: a block without a language"
    fences = text.count("\n```") / 2
    assert len(examples) == fences, f"{page.name}: a block in a language that nobody runs"
    return examples


def run(page: Path, names: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """Run a page in the current folder.

    Args:
        page: Markdown file.
        names: what the page takes for granted.
        **options: of ``blocks``.

    Returns:
        What the page's names stand for at the end.
    """
    found: dict[str, Any] = dict(names or {})
    for block in blocks(page, **options):
        block.document.namespace.update(found)
        block.evaluate()
        found = block.document.namespace
    return found


def language_of(example: Example) -> str:
    """What a block is written in."""
    return str(example.region.lexemes["arguments"])


def _evaluators(data: str, skip: Skip) -> dict[str, Callable[[Example], Any]]:
    python = PythonEvaluator()

    def script(example: Example) -> Any:
        return None if skip(keys_of("python", example.parsed)[0]) else python(example)

    def shell(example: Example) -> None:
        for command in commands_of(example.parsed):
            if not skip(command):
                run_command(command)

    def values(example: Example) -> None:
        example.namespace["said"] = json.loads(example.parsed)
        if data:
            Path(data).write_text(example.parsed, encoding="utf-8")

    def manifest(example: Example) -> None:
        example.namespace["said"] = yaml.safe_load(example.parsed)

    def words(example: Example) -> None:
        first = keys_of("text", example.parsed)[0]
        assert skip(first), f"nobody runs: {first}"

    return {
        "python": script,
        "sh": shell,
        "json": values,
        "yaml": manifest,
        "text": words,
        "dockerfile": words,
    }
