"""The plugin's operators, one file each."""

from __future__ import annotations

from .best_shots import BestShotsOfEach
from .clean import Clean
from .compare_runs import CompareRuns
from .delete_face_quality import DeleteFaceQuality
from .export_faces import ExportFaces
from .face_quality_report import FaceQualityReport
from .faces_dataset import MakeFacesDataset
from .filter_faces import FilterFaces
from .import_scores import ImportScores
from .open_face_quality import OpenFaceQuality
from .score_faces import ScoreFaces

OPERATORS = [
    ScoreFaces,
    ImportScores,
    FilterFaces,
    OpenFaceQuality,
    BestShotsOfEach,
    CompareRuns,
    ExportFaces,
    FaceQualityReport,
    MakeFacesDataset,
    DeleteFaceQuality,
    Clean,
]
