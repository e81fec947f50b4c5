"""``faceqgen doctor``: a healthy place, and one fault after the other."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from faceqgen_core import doctor, presets
from faceqgen_core.cli import main
from faceqgen_core.doctor import Check, Level


def use(monkeypatch: pytest.MonkeyPatch, *checks: Check) -> None:
    monkeypatch.setattr(doctor, "CHECKS", (lambda: iter(checks),))


def test_a_fail_is_exit_code_1_and_a_warning_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Check("a", Level.OK, "well"), Check("b", Level.WARN, "so so", "rest"))
    assert main(["doctor"]) == 0
    use(monkeypatch, Check("a", Level.FAIL, "broken", "mend it"))
    assert main(["doctor"]) == 1


def test_lines_begin_with_the_level_and_end_with_the_way_to_mend(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, Check("a", Level.OK, "well"), Check("b", Level.FAIL, "broken", "mend it"))
    main(["doctor"])
    assert capsys.readouterr().out == "OK    a: well\nFAIL  b: broken\n      -> mend it\n"


def test_json_holds_the_same_findings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, Check("b", Level.WARN, "so so", "rest"))
    main(["doctor", "--json"])
    assert json.loads(capsys.readouterr().out) == [
        {"name": "b", "level": "WARN", "detail": "so so", "hint": "rest"}
    ]


def test_a_check_that_breaks_is_a_finding_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def check_moon() -> Iterator[Check]:
        raise ImportError("no rocket")

    monkeypatch.setattr(doctor, "CHECKS", (check_moon, doctor.check_python))
    moon, python = doctor.diagnose()
    assert (moon.name, moon.level) == ("moon", Level.FAIL)
    assert "no rocket" in moon.detail
    assert python.level is Level.OK


def test_packages_of_this_environment_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = {check.name: check for check in doctor.check_packages()}
    assert {"tensorflow", "keras", "mtcnn", "fiftyone"} <= set(checks)
    assert not [check for check in checks.values() if check.level is Level.FAIL]


def test_a_missing_and_an_old_package_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = ["nosuchpackage>=2,<3", "numpy>=999", 'extra-thing>=1; extra == "dev"']
    monkeypatch.setattr(doctor, "_requirements", lambda: needed)
    checks = {check.name: check for check in doctor.check_packages()}
    assert checks["nosuchpackage"].level is Level.FAIL
    assert checks["nosuchpackage"].detail == "not installed"
    assert ">=999 is needed" in checks["numpy"].detail
    assert "pip install" in checks["numpy"].hint
    assert "extra-thing" not in checks


def test_fiftyone_may_miss_since_only_the_plugin_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = ["numpy", 'fiftyone<2,>=1.14; extra == "fiftyone"']
    monkeypatch.setattr(doctor, "_requirements", lambda: needed)
    monkeypatch.setattr(doctor, "_installed", lambda name: None if name == "fiftyone" else "2.0")
    checks = {c.name: c for c in doctor.check_packages()}
    assert checks["fiftyone"].level is Level.WARN
    assert 'pip install "fiftyone' in checks["fiftyone"].hint
    monkeypatch.setattr(doctor, "_installed", lambda name: "0.9")
    checks = {c.name: c for c in doctor.check_packages()}
    assert checks["fiftyone"].level is Level.FAIL  # there, but too old for the plugin


def test_two_variants_of_opencv_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_installed", lambda name: "4.10")
    monkeypatch.setattr(doctor, "_requirements", lambda: ["numpy"])
    check = list(doctor.check_packages())[-1]
    assert (check.name, check.level) == ("opencv", Level.WARN)


def test_gpus_are_named_and_a_tensorflow_that_crashes_is_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor, "_ASK_TENSORFLOW", "print('[\"Big GPU\"]')")
    assert [check.detail for check in doctor.check_gpu()][1] == "Big GPU"
    monkeypatch.setattr(doctor, "_ASK_TENSORFLOW", "import os; os.abort()")
    (check,) = doctor.check_gpu()
    assert check.level is Level.FAIL
    assert "code -6" in check.detail


def test_tensorflow_of_this_environment_loads() -> None:
    assert all(check.level is not Level.FAIL for check in doctor.check_gpu())


def test_damaged_weights_are_found(
    preset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = presets.load_preset(preset)
    folder = tmp_path / presets.DEFAULT_PRESET
    folder.mkdir()
    for path in source.folder.iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(presets, "models_folder", lambda: tmp_path)
    (check,) = doctor.check_presets()
    assert check.level is Level.OK
    assert source.identifier in check.detail
    with (folder / presets.WEIGHTS[0]).open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))
    (check,) = doctor.check_presets()
    assert check.level is Level.FAIL
    assert "SHA-256" in check.detail


def test_a_missing_default_preset_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presets, "models_folder", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    (check,) = doctor.check_presets()
    assert check.level is Level.FAIL
    assert presets.DEFAULT_PRESET in check.name


@pytest.mark.parametrize(
    ("answer", "level", "words"),
    [
        (["scored", "", 71.24], Level.OK, "one face, quality 71.2 of 100"),
        (["no_face", "the detector found no face", None], Level.FAIL, "no_face: the detector"),
    ],
)
def test_the_doctor_scores_one_face_and_says_what_came_of_it(
    answer: list[object], level: Level, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "ask", lambda code, **environment: json.dumps(answer))
    (check,) = doctor.check_scoring()
    assert (check.name, check.level) == ("scoring", level)
    assert words in check.detail


def test_a_backend_that_is_not_installed_is_a_failure_with_the_setting_to_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "nosuchbackend")
    (check,) = doctor.check_scoring()
    assert check.level is Level.FAIL
    assert "set KERAS_BACKEND=tensorflow" in check.detail


@pytest.mark.slow
def test_one_face_is_scored_in_this_environment() -> None:
    (check,) = doctor.check_scoring()
    assert check.level is Level.OK, check.detail


def test_the_plugin_s_own_doctor_is_asked_where_the_plugin_lies_beside_the_core(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    (check,) = doctor.check_plugin()
    assert check.level is Level.OK and "the core alone" in check.detail
    (tmp_path / "plugin").mkdir()
    finding = {"name": "plugin", "level": "WARN", "detail": "is disabled", "hint": "enable it"}
    (tmp_path / "plugin" / "doctor.py").write_text(f"import json\nprint(json.dumps([{finding}]))\n")
    assert list(doctor.check_plugin()) == [Check("plugin", Level.WARN, "is disabled", "enable it")]


def test_no_file_of_the_core_names_fiftyone_in_an_import() -> None:
    core = Path(doctor.__file__).parent
    code = {path: path.read_text(encoding="utf-8") for path in core.rglob("*.py")}
    assert [path for path, text in code.items() if re.search(r"(import|from) fiftyone", text)] == []
