"""The model card's pure parts: angles, groups, tables, costs, correlations, and a template that is filled completely."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from keras import layers, models
from skimage import color

from faceqgen_core.alignment import CropProtocol
from faceqgen_core.degradation import FAMILIES
from faceqgen_core.measures import MEASURES
from scripts.model_card.measure import canonical, subgroups
from scripts.model_card.measure.families import STRENGTHS, spearman
from scripts.model_card.measure.networks import multiply_adds
from scripts.model_card.measure.restoration import FAMILIES as RESTORED
from scripts.model_card.measure.restoration import psnr, shrunk
from scripts.model_card.measure.validity import OWN, PEERS, SETS, mated_pairs
from scripts.model_card.write import page, tables, targets


def _skin(light: float, yellow: float) -> np.ndarray:
    """A crop of one colour, given in CIELAB."""
    pixel = color.lab2rgb(np.array([[[light, 15.0, yellow]]]))
    return np.tile(np.rint(pixel * 255).astype(np.uint8), (128, 128, 1))


@pytest.mark.parametrize(
    ("light", "yellow", "tone"),
    [
        (75, 12, "very light"),
        (68, 17, "light"),
        (58, 18, "tan"),
        (45, 18, "brown"),
        (30, 12, "dark"),
    ],
)
def test_the_typology_angle_is_the_one_of_its_definition(light, yellow, tone):
    angle = subgroups.typology_angle(_skin(light, yellow), CropProtocol())
    assert angle == pytest.approx(np.degrees(np.arctan((light - 50) / yellow)), abs=1.5)
    assert subgroups.class_of(angle, subgroups.ITA_CLASSES) == tone


def test_a_grey_picture_is_told_from_a_coloured_one():
    assert subgroups.is_grey(_skin(60, 20)) is False
    assert subgroups.is_grey(np.full((128, 128, 3), 90, np.uint8)) is True


def test_first_names_are_in_one_list_only_and_unknown_ones_are_left_out():
    lines = [
        line.split()
        for line in (subgroups.Path(subgroups.__file__).parent / "first_names.txt")
        .read_text()
        .splitlines()
    ]
    female, male = (set(line[1:]) for line in lines)
    assert not female & male
    names = subgroups.first_names()
    assert subgroups.sex_by_name("lfw/Anna_Doe/Anna_Doe_0001.jpg", names) == "female"
    assert subgroups.sex_by_name("lfw/Zzyzx_Doe/Zzyzx_Doe_0001.jpg", names) is None
    assert subgroups.sex_by_name("portraits/gpo_A1.jpg", names) is None


def test_spearman_is_minus_one_where_values_always_fall_and_shares_ranks_of_ties():
    from scipy.stats import spearmanr

    assert spearman(np.array([5.0, 4.0, 3.5, 1.0])) == pytest.approx(-1)
    assert spearman(np.ones(10)) == 0
    values = np.array([3.0, 3.0, 1.0, 2.0, 2.0, 0.0])
    assert spearman(values) == pytest.approx(spearmanr(values, np.arange(6))[0])


def test_mated_pairs_are_all_pairs_within_a_subject():
    subjects = np.array(["a", "b", "a", "a", "b"])
    pairs = mated_pairs(subjects, np.array([0, 1, 2, 4]))
    assert {tuple(p) for p in pairs.tolist()} == {(0, 2), (1, 4)}


def test_multiply_adds_are_counted_from_kernels_and_places():
    network = models.Sequential(
        [
            layers.Input((16, 16, 3)),
            layers.Conv2D(8, 3, strides=2, padding="same"),
            layers.DepthwiseConv2D(8),
            layers.Flatten(),
            layers.Dense(5),
        ]
    )
    assert multiply_adds(network) == 64 * 27 * 8 + 64 * 8 + 8 * 5


def test_low_resolution_before_restoration_is_worse_the_stronger_it_is():
    image = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    weak, strong = (psnr(shrunk(image, s)[None], image[None])[0] for s in (0.1, 0.6))
    assert weak > strong


def test_a_template_is_filled_completely_or_refused():
    assert page.fill("a {{x}} b {{ y }}", {"x": "1", "y": "2"}) == "a 1 b 2"
    with pytest.raises(ValueError, match="asks for y"):
        page.fill("{{x}} {{y}}", {"x": "1"})
    with pytest.raises(ValueError, match="no place for y"):
        page.fill("{{x}}", {"x": "1", "y": "2"})


def test_a_table_refuses_a_row_of_another_width():
    assert tables.table(("a", "b"), [("1", "2")]) == "| a | b |\n|---|---|\n| 1 | 2 |"
    with pytest.raises(ValueError, match="2 columns"):
        tables.table(("a", "b"), [("1",)])


def _facts() -> dict:
    """Made-up numbers of the shape of ``validity.json``, in which every target is met."""
    area = {
        "pauc0.2": 0.5,
        "pauc0.3": 0.4,
        "interval0.3": [0.3, 0.5],
        "quality_minus_it": [-0.2, 0],
    }
    methods = {m: dict(area) for m in (*OWN, *PEERS, "random")} | {
        "oracle": {"pauc0.2": 0.2, "pauc0.3": 0.1}
    }
    one = {"pairs": 20, "fnmr": 0.1, "methods": methods}
    good = {"count": 9, "p10": 80.0, "median": 90.0, "p90": 99.0, "histogram": [0] * 40}
    poor = good | {"median": 5.0}
    scores = {name: [1 - s for s in STRENGTHS] for name in ("quality", *MEASURES)}
    gain = {"before": 1.0, "after": 2.0, "gain": 1.0, "error": 0.1}
    case = {"case": "astronaut noise 0.5", "quality": 3.0, "similarity": 0.4}
    network = {"parameters": 10**6, "multiply_adds": 10**8, "file": "a.h5", "sha256": "ab"}
    group = {"count": 5, "percentiles": [1, 2, 3, 4, 5], "below": 0.1}
    return {
        "name": "made-up",
        "preset": "made-up@00000000",
        "curves_text": "none",
        "validity": {"images": 40, "unscored": 1, "sets": {s: one for s in SETS.values()}},
        "remaining": {
            "kept": 14,
            "kept_errors": 1,
            "discarded": 6,
            "discarded_good": 4,
            "kept_errors_by_family": {"untouched": 1, "blur": 0},
            "discarded_good_by_family": {"blur": 4},
        },
        "distributions": {
            "kinds": {"London Set": good, "no face, all": poor},
            "development_families": {
                "blur": {"count": 3, "median": 40.0, "strong_count": 0, "strong_median": None}
            },
        },
        "families": {
            "faces": 60,
            "strong": {"breaking_median": 10.0, "all_median": 20.0},
            "families": {
                f: {
                    "means": scores,
                    "rho": dict.fromkeys(("quality", *MEASURES), -1.0),
                    "strong_median": 9.0,
                }
                for f in FAMILIES
            },
        },
        "restoration": {
            "faces": 200,
            "recognisers": ["own"],
            "families": {f: {"psnr": gain, "ssim": gain, "own": gain} for f in RESTORED},
        },
        "canonical": {
            "faces": 40,
            "covers": {f: {"mean": 9.0} for f in (*canonical.OPAQUE, *canonical.WORN)},
            "sharpness": {f: {"laplacian": [0.1, 0.5], "own": 0.1} for f in canonical.SOFT},
            "turned": {"mesh": {"after": 0.95, "drawn": 0.97}},
            "background": {"median": 0.2},
            "light": {f: [0.0, 0.95] for f in canonical.LIGHT},
            "good": 0.95,
            "yaw": {"yaw": {"ssim": -1.0, "mse": -1.0}},
        },
        "subgroups": {
            "acceptable": 41.0,
            "groups": {
                "all": group | {"pairs": 3, "false_rejections": 1},
                "head: turned": group | {"pairs": 0, "false_rejections": 0},
            },
        },
        "failures": {
            "versions": 360,
            "rank_correlation": 0.8,
            "low_scoring_good": [case],
            "high_scoring_poor": [case],
        },
        "networks": {n: network for n in ("generator", "discriminator", "quality head")},
    }


_TRAINING = {
    "settings": {"seed": 0, "losses": {}},
    "anchors": {"good": 0.7, "poor": 0.1},
    "held_back_correlation": {"natural": 0.5, "degraded": 0.8},
}


def test_the_cards_template_and_its_values_fit_each_other():
    facts = json.loads(json.dumps(_facts()))
    text = page.fill(page.TEMPLATE.read_text(encoding="utf-8"), page.values(facts, _TRAINING))
    assert "{{" not in text
    assert "made-up@00000000" in text
    assert not re.search(r"\bnan\b|\| None \|", text)
    assert "/work" not in text


def test_every_target_is_judged_by_its_own_number():
    facts = _facts()
    assert all(t.met for t in targets.judge(facts))
    facts["families"]["families"]["noise"]["rho"]["ssim"] = -0.2
    facts["distributions"]["kinds"]["London Set"] = {"median": 60.0}
    failed = [t for t in targets.judge(facts) if not t.met]
    assert [t.what for t in failed] == [
        "median quality, London Set",
        f"ssim falls with strength, {len(FAMILIES)} families",
    ]
    assert "noise -0.20" in failed[1].measured
