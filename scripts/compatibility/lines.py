"""What fits, line by line: each with the tests that show it in the environment of ``make test``."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

from scripts.compatibility.environment import ROOT, Failed

IN_MAKE_TEST = "in `make test`"


@dataclass(frozen=True)
class Line:
    """One line.

    Attributes:
        key: its name on the command line.
        words: what is claimed.
        tests: files, or tests of files, that show it.
        otherwise: what stands in the page as long as no run of this package has looked.
    """

    key: str
    words: str
    tests: tuple[str, ...]
    otherwise: str = IN_MAKE_TEST

    def run(self) -> str:
        """Run its tests in this environment; returns their closing line.

        Raises:
            Failed: one fails.
        """
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *self.tests]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace")
        told = done.stdout.strip().splitlines() or [done.stderr.strip()[-300:]]
        if done.returncode:
            raise Failed("\n".join(told[-15:]))
        return told[-1].strip("= ")


LINES = (
    Line(
        "faceqnet",
        "The original's weights: FaceQnet's `.h5`, legacy or Keras 3, at full size",
        ("tests/core/foreign/test_faceqnet.py", "tests/plugin/scoring/test_foreign_presets.py"),
    ),
    Line(
        "pair",
        "A Keras generator and discriminator of one's own, `pair.json`",
        ("tests/core/foreign/test_pair.py", "tests/core/foreign/test_layers.py"),
    ),
    Line(
        "refused",
        "Lambda layers, custom objects and pickles are refused",
        ("tests/core/foreign/test_refused.py",),
    ),
    Line(
        "text-file",
        "The original's text file and folder, `--format faceqnet`",
        ("tests/cli/test_score_faceqnet.py",),
    ),
    Line(
        "export",
        "Out: ONNX and OpenVINO, within 1e-3 of Keras",
        ("tests/core/export/test_export.py",),
    ),
    Line(
        "onnx-quality",
        "In: other quality networks in ONNX beside ours",
        (
            "tests/core/onnx_quality/test_extra_score.py",
            "tests/plugin/scoring/test_extra_scores.py",
        ),
    ),
    Line(
        "formats",
        "HEIC/HEIF, AVIF; one list of formats",
        ("tests/core/media/test_formats.py", "tests/core/media/test_image_formats.py"),
    ),
    Line("levels", "Greys of 10, 12 and 14 bits", ("tests/core/media/test_levels.py",)),
    Line("remote", "`s3://`, `gs://`, `https://`", ("tests/core/media/test_remote.py",)),
    Line("turned", "Turned photographs without EXIF", ("tests/core/finding/test_turned.py",)),
    Line(
        "windows",
        "Windows paths and upper case are read right",
        ("tests/core/test_windows_paths.py",),
    ),
    Line(
        "apply-model",
        "`apply_model` on images, views, frames, patches; `compute_embeddings`",
        (
            "tests/plugin/scoring/test_apply_model.py",
            "tests/plugin/scoring/test_model.py",
            "tests/plugin/scoring/test_odd_views.py",
        ),
    ),
    Line(
        "embeddings",
        "FiftyOne's Embeddings panel on the codes of the generator",
        ("tests/app/test_embeddings.py",),
    ),
    Line(
        "tutorials",
        "Every block of every tutorial runs; the site is built without a warning",
        ("tests/docs/test_tutorials.py", "tests/docs/test_site.py"),
    ),
    Line(
        "process",
        "Settings of the process, a fork after TensorFlow",
        ("tests/core/process/test_process_settings.py", "tests/cli/test_doctor.py"),
    ),
    Line(
        "wheel-alone",
        "A wheel is enough where FiftyOne is not",
        ("tests/core/test_wheel.py",),
    ),
    Line(
        "discovery",
        "FiftyOne finds the plugin, in a checkout and downloaded",
        ("tests/plugin/test_discovery.py",),
    ),
    Line(
        "moved",
        "Copied, merged and renamed data sets keep their pictures",
        ("tests/plugin/results/test_references.py",),
    ),
    Line("queue", "Delegated runs", ("tests/plugin/operators/test_delegated.py",)),
    Line(
        "parts",
        "One run in parts that work at the same time; `allow_distributed_execution`, which open-source FiftyOne leaves off",
        ("tests/plugin/scoring/test_parts.py",),
    ),
    Line(
        "group-rule",
        "The panel's thresholds by group, and their price",
        ("tests/plugin/panels/test_panel_group_rule.py",),
    ),
    Line(
        "under-way",
        "The panel follows runs that are under way, queued ones too, and stops them",
        ("tests/plugin/panels/test_panel_under_way.py", "tests/app/test_panel_under_way.py"),
    ),
    Line(
        "forms",
        "Forms: presets, devices, what is folded away, the estimate",
        ("tests/plugin/operators/test_forms.py",),
    ),
    Line(
        "result-window",
        "The window of a result closes when its button opens the panel",
        (
            "tests/app/test_panel_places.py::"
            "test_it_opens_from_the_grid_from_the_menu_and_from_the_result_of_a_run",
        ),
    ),
    Line(
        "recognisable",
        "The threshold from which a face is nearer to its own subject than to anyone else",
        (
            "tests/training/labels/test_recognisability.py",
            "tests/plugin/panels/test_panel_states.py::"
            "test_recognisable_stands_beside_acceptable_and_can_be_chosen",
        ),
    ),
    Line(
        "fairness",
        "The fairness page: quality by group, with intervals",
        ("tests/scripts/test_fairness.py",),
    ),
    Line(
        "pages",
        "Every block of the README and of all other pages runs, but for those of a list with reasons",
        ("tests/docs/test_blocks.py",),
    ),
    Line(
        "many-machines",
        "Many machines: a Ray cluster of two nodes, one of which is killed",
        ("tests/core/distributed/test_parts.py", "tests/core/distributed/test_ray.py"),
        "in `make test`; the cluster in `make test-ray`",
    ),
    Line(
        "zoo",
        "The model from FiftyOne's model zoo",
        ("tests/plugin/test_zoo.py",),
    ),
)
