"""A run notes which code and data it was made with."""

import json
import subprocess

import numpy as np
import pytest

from faceqgen_core import __version__
from faceqgen_core.training.data.subjects import FaceSet
from faceqgen_core.training.loop import provenance


def _faces(names, targets=None):
    count = len(names)
    return FaceSet(
        np.zeros((count, 8, 8, 3), np.uint8),
        names,
        np.array([n.split("/")[0] for n in names]),
        np.zeros((count, 5, 2), np.float32),
        np.zeros(count),
        targets,
    )


def test_the_hash_tells_other_images_and_other_targets_apart():
    names = ["a/1.png", "a/2.png"]
    plain = provenance.data_hash(_faces(names))
    assert plain == provenance.data_hash(_faces(names, ["", ""]))
    assert plain != provenance.data_hash(_faces(names[:1]))
    assert plain != provenance.data_hash(_faces(names, ["a/1.png", "a/1.png"]))


def _git(folder, *arguments):
    who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    _git(tmp_path, "init", "-q")
    (tmp_path / "faceqgen_core").mkdir()
    (tmp_path / "faceqgen_core" / "code.py").write_text("x = 1\n")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-q", "-m", "first")
    monkeypatch.setattr(provenance, "_ROOT", tmp_path)
    return tmp_path


def test_a_checkout_names_its_commit_and_whether_it_was_changed(checkout):
    facts = provenance.code_version()
    assert facts["faceqgen"] == __version__
    assert len(facts["commit"]) == 40
    assert facts["changed"] is False
    (checkout / "faceqgen_core" / "code.py").write_text("x = 2\n")
    assert provenance.code_version()["changed"] is True


def test_an_installed_copy_names_the_version_alone(checkout, monkeypatch):
    inside = checkout / "site-packages"
    inside.mkdir()
    monkeypatch.setattr(provenance, "_ROOT", inside)
    assert provenance.code_version() == {"faceqgen": __version__}


def test_the_file_holds_data_libraries_and_machine(tmp_path):
    faces = _faces(["a/1.png", "b/1.png"])
    teacher = {"file": "recogniser.xml", "sha256": "0" * 64}
    provenance.write_provenance(
        tmp_path / "provenance.json", faces, precision="bfloat16", teachers=[teacher]
    )
    facts = json.loads((tmp_path / "provenance.json").read_text())
    assert facts["data_sha256"] == provenance.data_hash(faces)
    assert (facts["faces"], facts["subjects"], facts["precision"]) == (2, 2, "bfloat16")
    assert facts["teachers"] == [teacher]
    assert {"code", "python", "keras", "backend", "machine"} <= set(facts)
