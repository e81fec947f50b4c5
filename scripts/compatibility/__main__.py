"""Install and run the project in clean environments, print what came of it, and write it into docs/compatibility.md.

python -m scripts.compatibility --write                       # all environments: half an hour and 3 GB of disk at a time
python -m scripts.compatibility --only pip newest --no-tests  # some, without the core's tests
python -m scripts.compatibility --lines --write               # the tests behind each line, in this environment

What is committed is installed. Environments are made with uv where it is on the path, with pip otherwise, and deleted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from scripts.compatibility import page
from scripts.compatibility.cases import CASES
from scripts.compatibility.environment import Failed
from scripts.compatibility.lines import LINES


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.compatibility",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = [entry.key for entry in (*CASES, *LINES)]
    parser.add_argument("--only", nargs="+", choices=known, metavar="KEY", help="these alone")
    parser.add_argument(
        "--lines", action="store_true", help="the lines in place of the environments"
    )
    parser.add_argument("--no-tests", action="store_true", help="without the core's tests")
    parser.add_argument("--write", action="store_true", help="write the results into the page")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    """Run; returns 1 if something failed."""
    chosen = arguments(given)
    failed = False
    for key, work in _works(chosen):
        start = time.monotonic()
        try:
            result = work()
        except Failed as error:
            failed = True
            result = f"**failed**: {str(error).splitlines()[-1][:300]}"
            print(f"{key}: {error}", flush=True)
        print(f"{key}: {result} ({time.monotonic() - start:.0f} s)", flush=True)
        if chosen.write:
            page.write({key: page.dated(result)})
    return 1 if failed else 0


def _works(chosen: argparse.Namespace) -> Iterator[tuple[str, Callable[[], str]]]:
    if chosen.lines or chosen.only:
        for line in LINES:
            if line.key in (chosen.only or [line.key]):
                yield line.key, line.run
    if not chosen.lines:
        for case in CASES:
            if case.key in (chosen.only or [case.key]):
                with tempfile.TemporaryDirectory(prefix="faceqgen-compatibility-") as place:
                    yield case.key, partial(case.run, Path(place), tests=not chosen.no_tests)


if __name__ == "__main__":
    sys.exit(main())
