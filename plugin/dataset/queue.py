"""Work of this plugin that waits in FiftyOne's queue for a worker, or that a worker has begun."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from bson import ObjectId
from fiftyone.operators.delegated import DelegatedOperationService
from fiftyone.operators.executor import ExecutionResult, ExecutionRunState

from faceqgen_core.vocabulary import PLUGIN

from .fields import DEFAULT_FIELD

OURS = f"{PLUGIN}/"
WRITERS = (f"{OURS}score_faces", f"{OURS}import_scores")
"""Operators whose work writes a field of scores and has a record of its own once it is under way."""

WAITING = (ExecutionRunState.QUEUED, ExecutionRunState.SCHEDULED)
_SILENCE = timedelta(minutes=10)
"""A worker that dies leaves its operation "running" for ever; one that has told nothing for so long counts as dead."""


@dataclass(frozen=True)
class QueuedWork:
    """An operation of the queue.

    Attributes:
        key: its number in FiftyOne's queue.
        label: what it does, as people read it: "Score faces".
        field: of scores that it will write; None for work that writes none.
        since: when it was queued, or begun.
        begun: whether a worker has begun it.
        words: how far it is, as it tells itself; "" before it tells anything.
    """

    key: str
    label: str
    field: str | None
    since: datetime
    begun: bool
    words: str = ""


def queued_work(dataset: Any) -> list[QueuedWork]:
    """What waits for a worker or is done by one on a data set, of this plugin's operators alone; oldest first."""
    service = DelegatedOperationService()
    found = []
    for state in (*WAITING, ExecutionRunState.RUNNING):
        for operation in service.list_operations(dataset_id=dataset._doc.id, run_state=state):
            if operation.operator.startswith(OURS) and not _is_silent(operation):
                found.append(_described(operation))
    return sorted(found, key=lambda work: work.since)


def parent_of(key: str) -> str | None:
    """Number of the work that an operation is a part of: FiftyOne gives one to the children that it cuts work into.

    Args:
        key: number of the operation.
    """
    try:
        operation = DelegatedOperationService().get(ObjectId(key))
    except ValueError:  # deleted meanwhile
        return None
    parent = getattr(operation, "parent_id", None)
    return None if parent is None else str(parent)


def take_back(key: str) -> bool:
    """Take work out of the queue; says whether it was still waiting there.

    It is kept as failed, with the reason, in the list of delegated operations; no worker begins it any more.

    Args:
        key: number of the operation.
    """
    service = DelegatedOperationService()
    reason = ExecutionResult(error="Cancelled in the Face Quality panel before a worker began it")
    return any(
        # Asked and done in one request: a worker may begin it at this moment.
        service.set_failed(ObjectId(key), result=reason, required_state=state) is not None
        for state in WAITING
    )


def _described(operation: Any) -> QueuedWork:
    begun = operation.run_state == ExecutionRunState.RUNNING
    since = operation.started_at if begun else operation.queued_at or operation.scheduled_at
    params = (operation.context.request_params if operation.context else {}).get("params") or {}
    return QueuedWork(
        str(operation.id),
        operation.operator.removeprefix(OURS).replace("_", " ").capitalize(),
        params.get("field") or DEFAULT_FIELD if operation.operator in WRITERS else None,
        (since or operation.updated_at).replace(tzinfo=timezone.utc),
        begun,
        (operation.status and operation.status.label) or "",
    )


def _is_silent(operation: Any) -> bool:
    """Whether a worker has begun it and told nothing for long."""
    if operation.run_state != ExecutionRunState.RUNNING:
        return False
    told = [
        operation.started_at,
        operation.updated_at,
        operation.status and operation.status.updated_at,
    ]
    last = max(moment.replace(tzinfo=timezone.utc) for moment in told if moment)
    return datetime.now(timezone.utc) - last > _SILENCE
