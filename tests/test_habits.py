"""The habits of a kept repository: what stands beside the code is there, says what is true, and fits together."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
import yaml

import faceqgen_core

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _yaml(path):
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def test_the_workflow_runs_what_the_readme_names_with_pinned_actions_on_every_python():
    jobs = _yaml(".github/workflows/test.yml")["jobs"]
    steps = {name: job["steps"] for name, job in jobs.items()}
    used = [step["uses"] for made in steps.values() for step in made if "uses" in step]
    assert used and all(re.search(r"@[0-9a-f]{40}$", action) for action in used)
    run = {name: [x["run"] for x in made if "run" in x] for name, made in steps.items()}
    assert run == {"test": [".ci/run"], "audit": ["make audit"]}
    job = jobs["test"]
    assert job["strategy"]["matrix"]["python"] == ["3.10", "3.11", "3.12"]
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_hooks_before_a_commit_are_the_tools_of_make_lint():
    hooks = {
        hook["id"] for repo in _yaml(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]
    }
    assert hooks == {"ruff-format", "ruff-check", "mypy", "bandit"}


@pytest.mark.parametrize(
    "path",
    [
        "SECURITY.md",
        "LICENSE",
        ".github/pull_request_template.md",
        ".github/ISSUE_TEMPLATE/fault.yml",
        ".github/ISSUE_TEMPLATE/wish.yml",
        "faceqgen_core/py.typed",
    ],
)
def test_what_a_visitor_looks_for_is_there(path):
    assert (ROOT / path).is_file()


def test_the_package_names_the_paper_that_the_citation_names():
    (preprint,) = _yaml("CITATION.cff")["preferred-citation"]["identifiers"]
    assert PROJECT["urls"]["Paper"].rsplit("/", 1)[1] == preprint["value"].removeprefix("arXiv:")
    assert all(url.startswith("https://") for url in PROJECT["urls"].values())
    assert "Typing :: Typed" in PROJECT["classifiers"]


def test_the_locked_versions_hold_all_that_is_needed():
    locked = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    extras = PROJECT["optional-dependencies"]
    for line in [*PROJECT["dependencies"], *extras["fiftyone"], *extras["dev"]]:
        name = re.match(r"[\w-]+", line)[0].replace("_", "-")
        assert re.search(rf"^{name}(\[.*\])?==", locked, re.MULTILINE), line


def test_every_process_that_runs_tests_has_a_database_and_a_home_of_its_own():
    assert os.environ["FIFTYONE_DATABASE_NAME"] == f"faceqgen-tests-{os.getpid()}"
    assert Path(os.environ["FACEQGEN_HOME"]).is_dir()


@pytest.mark.skipif(
    "PYTEST_XDIST_WORKER" not in os.environ, reason="one process has its own, and ends it"
)
def test_no_worker_has_the_mongod_that_all_share():
    """It would end with that worker: the process that has started the workers has it, and says where it is."""
    import fiftyone.core.odm.database as database

    database.get_db_conn()
    assert database._db_service is None
    assert os.environ.get("FIFTYONE_DATABASE_URI") or os.environ["FIFTYONE_PRIVATE_DATABASE_PORT"]


def test_the_core_lists_its_public_names_and_no_other():
    assert dir(faceqgen_core) == sorted(faceqgen_core.__all__)
    assert all(hasattr(faceqgen_core, name) for name in faceqgen_core.__all__)


def test_no_notebook_is_kept_so_none_needs_stripping():
    assert not [path for path in ROOT.rglob("*.ipynb") if ".venv" not in path.parts]
