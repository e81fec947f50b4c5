"""The panel "Face Quality" without a browser: events go in, the drawn page and its state come out."""

from __future__ import annotations

import json
import sys
import uuid
from typing import Any

import fiftyone.operators as foo
from fiftyone.operators.executor import ExecutionContext, Executor

PLUGIN = "fiftyone.plugins.orgs.faceqgen.face_quality"
PANEL = "@faceqgen/face-quality/face_quality"


class Page:
    """A panel on a data set, as the App keeps it: its state travels with every event."""

    def __init__(self, collection: Any, **request: Any) -> None:
        self.panel = foo.get_operator(PANEL)
        self.collection = collection
        self.request = request
        self.state: dict[str, Any] = {}
        self.sent: list[Any] = []
        self.parts: dict[str, Any] = {}
        self.number = uuid.uuid4().hex
        self.do("on_load")

    @property
    def choices(self) -> Any:
        """What the panel knows of the curator's choices."""
        return self._known.choices

    @property
    def counts(self) -> Any:
        """What the panel has counted."""
        return self._known.counts

    @property
    def _known(self) -> Any:
        return sys.modules[f"{PLUGIN}.panels.face_quality.state"]._STATES[self.number]

    def do(self, event: str, **params: Any) -> None:
        """Send an event and draw the page anew."""
        context = ExecutionContext(
            {
                "dataset_name": self.collection._root_dataset.name,
                "view": self.collection.view()._serialize(),
                "params": {
                    **params,
                    "__method__": event,
                    "panel_id": self.number,
                    "panel_state": self.state,
                },
                **self.request,
            },
            executor=Executor(),
            operator_uri=PANEL,
        )
        self.panel.execute(context)
        # As it goes over the wire.
        self.state = json.loads(json.dumps(context.panel_state))
        self.sent = [(r.operator_uri.split("/")[-1], r.params) for r in context.executor._requests]
        for drawn in self.ops("show_panel_output"):
            self.parts = _parts(json.loads(json.dumps(drawn["output"]))["type"]["properties"])

    def text(self) -> str:
        """All texts and labels of the page."""
        words = []
        for part in self.parts.values():
            view = part.get("view") or {}
            words += [str(view.get("label") or ""), str(view.get("description") or "")]
            if isinstance(part.get("default"), str) and not part["default"].startswith("data:"):
                words.append(part["default"])
        return "\n".join(words)

    def field(self, name: str) -> str:
        """Name under which a field of the page is drawn now: with the number of times it was set from elsewhere."""
        (found,) = (part for part in self.parts if part.startswith(f"{name}_"))
        return found

    def ops(self, name: str) -> list[dict[str, Any]]:
        """Parameters of what the last event asked of the App under this name."""
        return [params for sent, params in self.sent if sent == name]


def _parts(properties: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, part in properties.items():
        found[name] = part
        found.update(_parts(part["type"].get("properties") or {}))
    return found
