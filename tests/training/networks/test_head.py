"""The quality head is fitted on what scoring will give it."""

import numpy as np
import pytest

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.measures.region import face_region
from faceqgen_core.networks.scorer import HEAD_INPUTS, build_networks, build_scorer
from faceqgen_core.training.networks.head import extract_features, predict
from tests.random_preset import NETWORKS, shake
from tests.training.small_set import portrait_variants

REGION = face_region(CropProtocol())


@pytest.fixture(scope="module")
def crops():
    return np.stack(portrait_variants(6))


@pytest.fixture(scope="module")
def networks():
    return [shake(network) for network in build_networks(NETWORKS)]


def test_the_features_are_the_heads_inputs_in_its_order(networks, crops):
    features = extract_features(*networks[:2], crops, region=REGION, batch_size=6)
    assert len(features.inputs) == len(HEAD_INPUTS) == len(networks[2].inputs)
    for values, given in zip(features.inputs, networks[2].inputs, strict=True):
        assert values.shape == (6, *given.shape[1:])
    assert features.measures is features.inputs[-1]
    assert [x.dtype for x in features.inputs if x.ndim == 4] == [np.float16] * 3


def test_measures_and_predictions_are_those_that_scoring_gives(networks, crops):
    scored = build_scorer(*networks, REGION).predict_on_batch(crops / np.float32(255))
    features = extract_features(*networks[:2], crops, region=REGION, batch_size=6)
    np.testing.assert_allclose(features.measures, scored["measures"], atol=1e-5)
    # Maps are kept in half precision.
    np.testing.assert_allclose(
        predict(networks[2], features), scored["similarity"][:, 0], atol=5e-3, rtol=5e-3
    )
