"""Keras without the packages that it takes in beside: the same scores, less memory; and only where the process is ours."""

from __future__ import annotations

import pytest

from tests.core.process.test_process_settings import SCORE, result, run

LEAN = "from faceqgen_core.process.lean_keras import UNUSED, load_lean_keras\nload_lean_keras()\n"

LOADED = """
import importlib, importlib.util, json, sys
loaded = [name for name in UNUSED if name in sys.modules]
there = [name for name in UNUSED if importlib.util.find_spec(name)]
for name in there:
    importlib.import_module(name)
print(json.dumps([loaded, there]))
"""

COMMAND = """
import sys
import faceqgen_core.cli as cli
seen = []
cli.importlib.import_module("faceqgen_core.cli.score").run = lambda args: seen.append(args.alone) or 0
sys.argv = ["faceqgen", "score", "a", "--output", "b"]
cli.main()
cli.main(sys.argv[1:])
print(seen)
"""


@pytest.mark.slow
def test_lean_keras_changes_no_bit_of_a_score(preset):
    assert result(LEAN + SCORE, preset) == result(SCORE, preset)


def test_what_scoring_does_not_need_is_not_loaded_with_keras_and_can_be_imported_afterwards(preset):
    loaded, there = result(LEAN + LOADED, preset)
    assert loaded == []
    assert "matplotlib" in there


def test_a_process_that_has_keras_already_is_left_as_it_is(preset):
    code = "import keras, sys\nbefore = dict(sys.modules)\n" + LEAN
    code += (
        "print([name for name, module in before.items() if sys.modules.get(name) is not module])"
    )
    answer = run(code, preset)
    assert answer.stdout.strip() == "[]", answer.stderr[-2000:]


def test_only_the_command_itself_takes_the_process_for_its_own(preset):
    answer = run(COMMAND, preset)
    assert answer.stdout.strip() == "[True, False]", answer.stderr[-2000:]
