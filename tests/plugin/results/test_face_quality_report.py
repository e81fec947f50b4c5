"""``face_quality_report``: one file that needs nothing else, says what is so, and lets no text of a user's act."""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import pytest

from faceqgen_core.image_io import save_png
from tests.images import lfw_faces
from tests.plugin.conftest import form_of, make_dataset, sent_to_app

REPORT = "@faceqgen/face-quality/face_quality_report"
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>&amp;'


class _Page(HTMLParser):
    """Elements, addresses and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.addresses += [v for k, v in attrs if k in ("src", "href", "xlink:href") and v]
        self.handlers += [k for k, _ in attrs if k.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture
def report() -> Any:
    return foo.get_operator(REPORT)


@pytest.fixture
def page(scored, report, tmp_path) -> _Page:
    return _Page(Path(report(scored, path=str(tmp_path / "r.html"))).read_text("utf-8"))


def test_the_page_needs_no_other_file_and_runs_no_script(page):
    assert page.addresses and all(a.startswith("data:image/jpeg;base64,") for a in page.addresses)
    assert not {"script", "link", "iframe", "object", "embed"} & set(page.tags)
    assert not page.handlers
    assert "url(" not in page.text and "@import" not in page.text


def test_the_policy_of_the_page_forbids_scripts_and_the_net(scored, report, tmp_path):
    text = Path(report(scored, path=str(tmp_path / "r.html"))).read_text("utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text).group(1)
    assert "default-src &#x27;none&#x27;" in policy and "script" not in policy


def test_the_page_says_counts_measures_presets_parameters_versions_and_limits(page, scored):
    run = scored.get_run_info(scored.list_runs()[0]).config
    for words in (
        "4 samples",
        "2 scored",
        "1 no face",
        "1 unreadable",
        run.preset,
        run.crop_protocol,
        "heatmap: true",
        "faces: detect",
        f"tensorflow {run.versions['tensorflow']}",
        "the detector found no face",
        "Restored faces are not evidence",
        "LOWER is better",
    ):
        assert words in page.text, words
    assert page.tags.count("svg") == 4


def test_the_histograms_count_every_scored_sample_once(scored, report, tmp_path):
    text = Path(report(scored, path=str(tmp_path / "r.html"))).read_text("utf-8")
    for drawing in re.findall(r"<svg.*?</svg>", text, re.S):
        assert sum(map(int, re.findall(r": (\d+)</title>", drawing))) == 2


def test_each_face_is_shown_with_its_restoration_and_its_map(page):
    assert page.tags.count("figure") == 2
    assert len(page.addresses) == 6
    assert "one.png" in page.text and "two.jpg" in page.text


def _rated(folder: Path, qualities: list[float | None], **values: Any) -> Any:
    dataset = make_dataset(*_files(folder, len(qualities)), **values)
    documents = [
        fo.DynamicEmbeddedDocument(
            quality=q,
            ssim=None if q is None else q / 100,
            status="scored" if q is not None else "failed",
            reason=None if q is not None else EVIL,
            preset="p@1",
        )
        for q in qualities
    ]
    dataset.set_values("faceqgen", documents, dynamic=True)
    return dataset


def _files(folder: Path, count: int) -> list[Path]:
    files = [folder / f"face<{i}>&.png" for i in range(count)]
    for file, image in zip(files, lfw_faces(count), strict=True):
        save_png(file, image)
    return files


def test_the_worst_come_first_the_best_come_first_and_no_face_is_on_both_sheets(report, tmp_path):
    dataset = _rated(tmp_path, [50.0, 10.0, 90.0, 70.0, 30.0])
    text = Path(report(dataset, path=str(tmp_path / "r.html"), faces=12)).read_text("utf-8")
    shown = [float(q) for q in re.findall(r"quality (\d+\.\d),", text)]
    assert shown == [10, 30, 50, 90, 70]
    two = Path(report(dataset, path=str(tmp_path / "2.html"), faces=1)).read_text("utf-8")
    assert re.findall(r"quality (\d+\.\d),", two) == ["10.0", "90.0"]
    dataset.delete()


def test_texts_of_users_are_shown_and_never_act(report, tmp_path):
    dataset = _rated(tmp_path, [50.0, None, 20.0])
    dataset.name = "a" + "".join(c for c in EVIL if c not in "/")
    path = report(dataset, path=str(tmp_path / "r.html"), title=EVIL)
    text = Path(path).read_text("utf-8")
    page = _Page(text)
    assert "<script" not in text and "<img src=x" not in text and not page.handlers
    assert EVIL in page.words  # the title and the reason, letter by letter
    assert page.words.count(EVIL) >= 2 and "face<2>&.png" in page.words
    dataset.delete()


def test_a_picture_that_cannot_be_read_costs_itself_alone(report, tmp_path):
    dataset = _rated(tmp_path, [10.0, 90.0])
    Path(dataset.first().filepath).unlink()
    page = _Page(Path(report(dataset, path=str(tmp_path / "r.html"))).read_text("utf-8"))
    assert page.tags.count("figure") == 2 and len(page.addresses) == 1
    assert "no such file" in page.text
    dataset.delete()


def test_a_report_without_pictures_shows_no_face(scored, report, tmp_path):
    page = _Page(Path(report(scored, path=str(tmp_path / "r.html"), faces=0)).read_text("utf-8"))
    assert not page.addresses and "figure" not in page.tags


def test_a_report_of_a_view_says_so_and_counts_the_view(scored, report, tmp_path):
    path = report(scored.limit(1), path=str(tmp_path / "r.html"))
    assert "1 of its 4 samples" in _Page(Path(path).read_text("utf-8")).text


def test_samples_that_are_not_scored_yet_are_counted(report, tmp_path):
    dataset = _rated(tmp_path, [10.0, 90.0])
    dataset.add_sample(fo.Sample(filepath="/no/such.png"))
    page = _Page(Path(report(dataset, path=str(tmp_path / "r.html"))).read_text("utf-8"))
    assert "1 not yet scored" in page.text
    dataset.delete()


def test_scores_of_two_presets_come_with_a_warning(report, tmp_path):
    dataset = _rated(tmp_path, [10.0, 90.0])
    dataset.set_values("faceqgen.preset", ["p@1", "q@2"])
    page = _Page(Path(report(dataset, path=str(tmp_path / "r.html"))).read_text("utf-8"))
    assert "more than one preset" in page.text
    dataset.delete()


def test_reasons_for_low_scores_are_counted_where_the_run_wrote_them(report, tmp_path):
    dataset = _rated(tmp_path, [10.0, 90.0])
    dataset.set_values("faceqgen.reasons", [["blur", "dark"], ["blur"]], dynamic=True)
    page = _Page(Path(report(dataset, path=str(tmp_path / "r.html"))).read_text("utf-8"))
    assert "blur 2" in page.text and "dark 1" in page.text
    assert "; blur, dark" in page.text  # below the picture of the first
    dataset.delete()


def test_videos_are_reported_without_pictures(report, tmp_path):
    dataset = fo.Dataset()
    document = fo.DynamicEmbeddedDocument(quality=40.0, status="scored", preset="p@1")
    dataset.add_sample(fo.Sample(filepath="/no/such.mp4", faceqgen=document), dynamic=True)
    page = _Page(Path(report(dataset, path=str(tmp_path / "r.html"))).read_text("utf-8"))
    assert "1 scored" in page.text and "best frame" in page.text and "figure" not in page.tags
    dataset.delete()


def test_without_a_path_each_report_is_a_new_file(scored, report):
    first, second = (Path(report(scored, faces=0)) for _ in range(2))
    home = Path(os.environ["FACEQGEN_HOME"]) / "reports" / scored.name
    assert first == home / "face-quality.html" and second == home / "face-quality-2.html"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"field": "nothing"}, r"'nothing' holds no face scores.*\(faceqgen\)"),
        ({"field": "not a name"}, "cannot name a field"),
        ({"faces": -1}, "from 0 to 200"),
        ({"path": "{here}/report.pdf"}, "end with .html"),
        ({"path": "{here}/taken.html"}, "there is a file"),
        ({"path": "{here}/taken.html/report.html"}, "cannot be written"),
    ],
)
def test_what_cannot_be_reported_is_refused_with_a_way_out(
    scored, report, tmp_path, params, message
):
    (tmp_path / "taken.html").write_text("mine")
    with pytest.raises(ValueError, match=message):
        params = {k: v.format(here=tmp_path) if k == "path" else v for k, v in params.items()}
        report(scored, **params)
    assert (tmp_path / "taken.html").read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["taken.html"]


def test_a_report_that_is_stopped_leaves_no_half_file(scored, part, tmp_path):
    settings = part("results.report.settings").ReportSettings(path=str(tmp_path / "r.html"))
    pictures = iter(part("results.report.file").ReportFile(scored, settings))
    next(pictures)
    pictures.close()
    assert list(tmp_path.iterdir()) == []


def test_the_app_sees_progress_and_gets_a_link_to_the_report(scored, tmp_path):
    path = tmp_path / "a report.html"
    sent = sent_to_app(REPORT, scored, {"path": str(path)})
    labels = [r.params["label"] for r in sent if r.operator_uri == "set_progress"]
    assert labels == ["Counting", "1 of 2 pictures", "2 of 2 pictures"]
    results = sent[-1].params["results"]
    assert str(path) in results["report"] and path.is_file()
    assert results["link"].startswith("/media?filepath=") and "a%20report.html" in results["link"]


def test_the_form_scolds_beside_the_input_that_is_wrong(scored, tmp_path):
    assert "from 0 to 200" in form_of(REPORT, scored, {"faces": 999})["faces"]["error_message"]
    wrong = form_of(REPORT, scored, {"path": str(tmp_path / "a.txt")})["path"]
    assert "end with .html" in wrong["error_message"]
    assert not form_of(REPORT, scored, {})["path"]["invalid"]
