"""FiftyOne's own panel of embeddings, in a real Chromium, on the codes from which the generator draws the faces."""

from __future__ import annotations

import numpy as np
import pytest

from tests.app.browser import App

KEY = "faces_by_code"


@pytest.fixture(scope="module")
def dataset(build, demo, preset):
    """Eight demo images: six have a face and so a code, laid out in the plane."""
    import fiftyone.brain as fob
    import fiftyone.operators as foo

    dataset = build("faceqgen-embeddings-test", "blur", "occlusion")
    model = foo.get_operator(demo.OPERATOR).model(preset=preset)
    dataset.compute_embeddings(model, embeddings_field="code", batch_size=8)
    fob.compute_visualization(
        dataset.exists("code"), embeddings="code", method="pca", brain_key=KEY, progress=False
    )
    dataset.reload()
    return dataset


def test_the_embeddings_panel_shows_the_codes_of_the_generator(app: App, dataset):
    codes = np.stack(dataset.exists("code").values("code"))
    assert codes.shape == (6, 320) and codes.std(axis=0).max() > 0
    app.open(dataset.name, len(dataset))
    app.part("new-panel-btn").first.click()
    app.part("new-panel-option-Embeddings").click()
    runs = app.part("embeddings-runs-page")
    runs.get_by_text(KEY).click()
    counter = app.page.locator(".emb-plot-counter")
    app.until(
        lambda: counter.count() and counter.first.inner_text().strip() == "6 points",
        "the panel shows a point for each face",
    )
    app.shoot("embeddings")
