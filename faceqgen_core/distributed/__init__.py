"""The same assessor on many machines, by Ray: lists and folders of images -> Parquet in parts.

Nothing of Ray is loaded before ``score`` is called.
"""

from faceqgen_core.distributed.scoring import DistributedRun as DistributedRun
from faceqgen_core.distributed.scoring import score as score

__all__ = ["DistributedRun", "score"]
