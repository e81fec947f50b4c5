"""Every block of the README and of the pages in docs/ runs, but for those of ``not_run``; of all pages what is named exists."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import yaml
from sybil import Document
from sybil.parsers.markdown import PythonCodeBlockParser

from tests.docs.not_run import ELSEWHERE, NOT_RUN
from tests.docs.pages import ROOT, blocks, keys_of, language_of, run
from tests.foreign_networks import tiny_faceqnet, write_pair
from tests.small_network import write_network

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
NAMING = [*PAGES, ROOT / "CONTRIBUTING.md"]
MANIFEST = yaml.safe_load((ROOT / "fiftyone.yml").read_text(encoding="utf-8"))
TABLE = {**NOT_RUN, **ELSEWHERE}

PREPARED = ("README", "from-faceqnet", "many-machines", "media", "networks", "coming-from")
PREPARED += ("privacy", "training")
"""Pages whose blocks take something for granted: each has a test of its own."""


def read(name: str, names=None, **options):
    """Run a page by its name; returns what its names stand for at the end."""
    (page,) = (page for page in PAGES if page.stem == name)
    key = page.relative_to(ROOT).as_posix()
    return run(page, names, skip=lambda line: (key, line) in TABLE, **options)


def lines(path):
    return Path(path).read_text(encoding="utf-8").splitlines()


def test_the_readme_runs(place, data_set):
    import fiftyone as fo

    shutil.copy("photos/astronaut_0.0.png", "a.jpg")
    shutil.copy("photos/grace_hopper_0.0.png", "b.jpg")
    boxed = data_set("my-faces")
    found = read("README", {"dataset": boxed.clone("README")})
    fo.delete_dataset("README")
    assert found["dataset"].count_values("faceqgen.status") == {"scored": 6}
    assert len(found["worst"]) == 6 and len(found["failed"]) == 0
    assert found["dataset"].load_brain_results("codes").points.shape == (6, 2)
    found["dataset"].delete()
    boxed.reload()
    assert boxed.count("people.detections.faceqgen.quality") == 6
    assert len(list(Path("worst").glob("*.png"))) == 1
    assert len(lines("scores.csv")) == 7 and len(list(Path("restored").iterdir())) == 6
    assert Path("report/edc.png").is_file() and Path("presets/door/config.json").is_file()


def test_the_page_on_faceqnet_runs(place):
    shutil.copytree("photos", "photographs")
    shutil.copytree("good", "crops")
    shutil.copytree("poor", "Samples_cropped")
    tiny_faceqnet(Path("FaceQnet_v1.h5"))
    write_pair(Path("my-pair"))
    found = read("from-faceqnet", data="my-pair/pair.json")
    assert found["said"]["range"] == [-1, 1]
    assert lines("scores_quality.txt")[0] == "img;score" and len(lines("scores_quality.txt")) == 21
    assert len(list(Path("restored").iterdir())) == 6 and len(lines("scores.csv")) == 7


def test_the_page_on_many_machines_runs(place, data_set):
    dataset = data_set("my-faces")
    read("many-machines", {"dataset": dataset, "number": 1, "workers": 2})
    dataset.reload()
    assert lines("list.csv")[0] == "filepath,sample_id" and len(lines("list.csv")) == 7
    assert dataset.count("faceqgen.quality") == 3


def test_the_page_on_media_runs_with_a_store_that_stands_in_for_all(place, monkeypatch, capsys):
    known = pytest.importorskip("fsspec.registry", exc_type=ImportError)._registry
    heic = ROOT / "tests" / "core" / "media" / "astronaut.heic"
    picture = Path("photos/astronaut_0.0.png").read_bytes()
    for protocol, files in {
        "s3": {"/bucket/faces/a.jpg": picture},
        "gs": {"/bucket/b.heic": heic.read_bytes()},
        "https": {"/example.org/face.jpg": picture},
    }.items():
        store = _store(protocol)
        monkeypatch.setitem(known, protocol, store)
        for name, content in files.items():
            store().pipe(name, content)
    read("media")
    assert len(lines("scores.csv")) == 3
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()[-2:]] == ["scored"] * 2


def _store(name):
    """A file system in memory that answers to a protocol."""
    from fsspec.implementations.memory import MemoryFileSystem

    class Store(MemoryFileSystem):
        protocol = name
        store: ClassVar[dict[str, object]] = {}
        pseudo_dirs: ClassVar[list[str]] = [""]

        @classmethod
        def _strip_protocol(cls, path):
            return "/" + path.removeprefix(f"{name}://").strip("/")

    return Store


def test_the_page_on_other_networks_runs(place):
    write_network(place, name="ediffiqa_tiny")
    found = read("networks", data="ediffiqa.json")
    assert "ediffiqa" in lines("scores.csv")[0] and found["said"]["size"] == 112
    assert '"ediffiqa"' in Path("report/evaluation.json").read_text(encoding="utf-8")


def test_the_page_for_those_who_come_from_elsewhere_runs(place):
    shutil.move(write_network(place, name="cr_fiqa"), "cr-fiqa.json")
    read("coming-from")
    assert '"cr_fiqa"' in Path("report/evaluation.json").read_text(encoding="utf-8")


def test_the_page_on_privacy_runs(place, data_set):
    import fiftyone.operators as foo

    dataset = data_set("faces")
    foo.get_operator("@faceqgen/face-quality/score_faces")(dataset, faces="crop")
    restored = Path(dataset.first().faceqgen.restored_path)
    assert restored.is_file()
    read("privacy")
    dataset.reload()
    assert not restored.exists() and not dataset.has_field("faceqgen")


def test_the_page_on_training_runs_with_readers_that_stand_in_for_mediapipe_s(place, monkeypatch):
    from faceqgen_core.training.geometry import mesh_reader, person_reader
    from faceqgen_core.training.train import TrainingConfig
    from tests.training.geometry.frontal_face import crop, mask, mesh

    def reader(*read):
        """A class of readers that give the same of any crops."""
        return lambda path: type("Reader", (), {"read": lambda self, crops: read[0]})()

    monkeypatch.setattr(mesh_reader, "MeshReader", reader((mesh()[None], np.ones(1))))
    monkeypatch.setattr(person_reader, "PersonReader", reader(mask()[None]))
    found = read("training", {"crops": crop()[None]}, data="settings.json")
    assert found["target"].shape == found["turned"].image.shape == crop().shape
    assert TrainingConfig.from_file(Path("settings.json")).steps == found["said"]["steps"]
    assert Path("presets/door/config.json").is_file()


@pytest.mark.parametrize(
    "name", [page.stem for page in PAGES if page.stem not in PREPARED], ids=str
)
def test_a_page_that_takes_nothing_for_granted_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    read(name)


def test_what_is_not_run_stands_on_its_page_and_has_a_reason():
    assert not set(NOT_RUN) & set(ELSEWHERE)
    there = {
        (page.relative_to(ROOT).as_posix(), key)
        for page in (*PAGES, *TUTORIALS)
        for block in blocks(page)
        for key in keys_of(language_of(block), block.parsed)
    }
    assert set(TABLE) - there == set()
    assert all(len(reason) > 5 for reason in TABLE.values())


def test_a_test_that_is_said_to_run_a_block_is_there_and_takes_it_from_the_page():
    for reason in TABLE.values():
        for file in re.findall(r"tests/\S+\.py", reason):
            assert (ROOT / file).is_file(), file
    for key, file in {(key, file) for (_, key), file in ELSEWHERE.items()}:
        text = (ROOT / file).read_text(encoding="utf-8")
        pages = [Path(page).name for page, there in ELSEWHERE if there == key]
        assert "from tests.docs.pages import" in text, file
        assert any(f'"{page}"' in text for page in pages), (file, key)


@pytest.mark.parametrize("page", NAMING, ids=lambda page: page.stem)
def test_the_python_of_a_page_can_be_read(page):
    for block in Document.parse(str(page), PythonCodeBlockParser()).examples():
        ast.parse(str(block.parsed), filename=f"{page.name}:{block.line}")


def test_every_operator_that_a_page_names_is_registered():
    known = {f"{MANIFEST['name']}/{name}" for name in MANIFEST["operators"]}
    for page in (*NAMING, *TUTORIALS):
        text = page.read_text(encoding="utf-8")
        named = set(re.findall(re.escape(MANIFEST["name"]) + r"/\w+", text))
        assert named <= known, page.name


@pytest.mark.parametrize("page", NAMING, ids=lambda page: page.stem)
def test_the_commands_of_a_page_have_the_options_that_they_are_shown_with(page, capsys):
    from faceqgen_core.cli import main

    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    shown = r"(?:^|^ {4}|entrypoint: |-- )(faceqgen [\w-]+ .*--.*)$"
    for line in re.findall(shown, text, re.MULTILINE):
        _, command, *options = shlex.split(line.split("#")[0])
        with pytest.raises(SystemExit):
            main([command, "--help"])
        known = capsys.readouterr().out
        for option in options:
            option = option.strip("[]")
            assert not option.startswith("--") or option in known, line


@pytest.mark.parametrize("page", NAMING, ids=lambda page: page.stem)
def test_the_targets_programs_and_options_of_a_page_are_there(page):
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^(?: {4})?make ([\w-]+)", text, re.MULTILINE)) <= targets
    for program, rest in re.findall(r"^(?: {4})?python (-m [\w.]+|[\w/]+\.py)(.*)$", text, re.M):
        name = program.removeprefix("-m ").removesuffix(".py").replace(".", "/")
        files = [*(ROOT / name).glob("*.py")] or [ROOT / f"{name}.py"]
        source = "".join(file.read_text(encoding="utf-8") for file in files)
        for option in re.findall(r"--[\w-]+", rest.split("#")[0]):
            assert re.search(f'"(--)?{option[2:]}"', source), (program, option)
