"""``make audit``: the versions that are asked for, and what comes of the answers. A program stands in for pip-audit."""

from __future__ import annotations

import json
import stat
import sys
from importlib import metadata

import pytest
from packaging.requirements import Requirement

from scripts import audit


@pytest.fixture
def answers(tmp_path):
    """Makes a program that answers as pip-audit does: by the name of a package its faults, or None where it is unknown."""

    def program(known):
        path = tmp_path / "pip-audit"
        path.write_text(
            f"#!{sys.executable}\n"
            "import json, sys\n"
            f"known = json.loads({json.dumps(json.dumps(known))})\n"
            "lines = open(sys.argv[sys.argv.index('--requirement') + 1]).read().split('\\n')\n"
            "packages = []\n"
            "for line in lines:\n"
            "    name, _, rest = line.partition('==')\n"
            "    if not rest or line.startswith('#'):\n"
            "        continue\n"
            "    version, found = rest.split(' ')[0], known.get(name, known.get('*'))\n"
            "    packages.append({'name': name, 'skip_reason': 'unknown'} if found is None else\n"
            "        {'name': name, 'version': version, 'vulns': [{'id': i} for i in found]})\n"
            "print(json.dumps({'dependencies': packages, 'fixes': []}))\n"
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    return program


def test_every_lower_bound_is_asked_for_by_its_version():
    wanted = ["a[x]>=1.2,<2", "b<3", 'c>=4.5; extra == "dev"', "a>=1.2"]
    assert audit.lowest_versions(wanted) == ["a==1.2", "c==4.5"]
    ours = metadata.requires("faceqgen")
    names = {line.partition("==")[0] for line in audit.lowest_versions(ours)}
    bounded = {r.name for r in map(Requirement, ours) if ">=" in str(r.specifier)}
    assert names == bounded and {"tensorflow", "fiftyone", "pillow"} <= names


def test_a_known_fault_fails_and_is_named_one_of_an_accepted_bound_does_not(answers, capsys):
    assert audit.main(answers({"*": []})) == 0
    assert audit.main(answers({"*": [], "pillow": ["CVE-1"]})) == 1
    told = capsys.readouterr().out
    assert "installed: pillow" in told and "lowest allowed: pillow 10.3: CVE-1" in told
    # What we install must have none, accepted or not.
    assert audit.main(answers({"*": [], "keras": ["CVE-2"]})) == 1
    told = capsys.readouterr().out
    assert "lowest allowed: keras 3.5: CVE-2 (accepted: " in told
    assert "(accepted" not in next(x for x in told.splitlines() if x.startswith("installed: keras"))


def test_a_database_that_does_not_answer_is_no_clean_result(answers, tmp_path, capsys):
    assert audit.main(answers({})) == 2  # knows nobody
    broken = tmp_path / "broken"
    broken.write_text(f"#!{sys.executable}\nraise SystemExit('no network')\n")
    broken.chmod(0o755)
    assert audit.main(str(broken)) == 2
    assert "no network" in capsys.readouterr().out
