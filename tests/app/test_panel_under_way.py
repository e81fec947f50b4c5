"""Runs under way in the panel "Face Quality", in a real Chromium: the page asks by itself how far they are."""

from __future__ import annotations

import importlib

import fiftyone.operators as foo
import pytest
from fiftyone.operators.delegated import DelegatedOperationService

from tests.app.panel_page import PanelPage

pytestmark = pytest.mark.usefixtures("without_errors")
PLUGIN = "fiftyone.plugins.orgs.faceqgen.face_quality"
TAG = "Name of the tag or view"


@pytest.fixture(scope="module")
def dataset(build):
    """Six demo images, not scored."""
    return build("faceqgen-under-way-test", "blur")


@pytest.fixture
def panel(app, dataset) -> PanelPage:
    """The panel beside the grid."""
    app.open(dataset.name, len(dataset))
    panel = PanelPage(app)
    panel.close()
    panel.open_from_grid()
    panel.says("Refresh")
    return panel


def test_the_number_of_a_run_moves_without_a_click_and_what_is_typed_stays(
    app, panel, dataset, demo, preset, monkeypatch
):
    foo.get_operator(demo.OPERATOR)
    scoring = importlib.import_module(f"{PLUGIN}.scoring.run")
    settings = importlib.import_module(f"{PLUGIN}.scoring.settings").ScoreSettings
    monkeypatch.setattr(scoring, "CHUNK_SAMPLES", 1)
    chosen = settings(preset=preset, faces="crop", restored=False, batch_size=1)
    run, samples = iter(scoring.ScoringRun(dataset, chosen)), len(dataset)
    next(run)
    panel.button("Refresh").click()
    panel.says(f"Scoring faceqgen: 1 of {samples} samples")
    panel.button("Worst 25 %").wait_for()
    panel.fill("Type a threshold", "12")
    panel.says("Threshold 12 ")
    for done in range(2, samples):
        next(run)
        panel.says(f"Scoring faceqgen: {done} of {samples} samples")
        assert app.field(panel.part, "Type a threshold").input_value() == "12"
    app.shoot("panel-under-way")
    for _ in run:
        pass
    panel.says(f"Scored: {len(dataset.exists('faceqgen.quality'))} ")  # counted anew at its end
    app.until(lambda: "Scoring faceqgen" not in panel.text(), "the line of the run is gone")


def test_a_queued_run_is_seen_before_it_begins_and_cancel_takes_it_out(
    app, panel, dataset, demo, preset
):
    foo.execute_operator(
        demo.OPERATOR,
        {"dataset": dataset},
        params={"preset": preset, "field": "later"},
        request_delegation=True,
    )
    service = DelegatedOperationService()

    def operations() -> list:
        return service.list_operations(dataset_id=dataset._doc.id)

    app.until(operations, "the run is in the queue")
    panel.button("Refresh").click()
    panel.says("Score faces later: waits in the queue since")
    panel.button("Cancel the queued run").click()
    app.until(lambda: "waits in the queue" not in panel.text(), "the line of the run is gone")
    (operation,) = operations()
    assert operation.run_state == "failed"
    service.delete_operation(operation.id)
