"""The panel "Face Quality" without a browser: events go in, the drawn page and its state come out."""

from __future__ import annotations

import json
from typing import Any

import fiftyone.operators as foo
from fiftyone.operators.executor import ExecutionContext, Executor

PANEL = "@faceqgen/face-quality/face_quality"


class Page:
    """A panel on a data set, as the App keeps it: its state travels with every event."""

    def __init__(self, collection: Any, **request: Any) -> None:
        self.panel = foo.get_operator(PANEL)
        self.collection = collection
        self.request = request
        self.state: dict[str, Any] = {}
        self.sent: list[Any] = []
        self.do("on_load")

    def do(self, event: str, **params: Any) -> None:
        """Send an event and draw the page anew."""
        context = ExecutionContext(
            {
                "dataset_name": self.collection._root_dataset.name,
                "view": self.collection.view()._serialize(),
                "params": {**params, "panel_id": "page", "panel_state": self.state},
                **self.request,
            },
            executor=Executor(),
            operator_uri=PANEL,
        )
        getattr(self.panel, event)(context)
        drawn = self.panel.render(context).to_json()
        self.parts = _parts(drawn["type"]["properties"])
        self.state = json.loads(json.dumps(context.panel_state))  # as it goes over the wire
        self.sent = [(r.operator_uri.split("/")[-1], r.params) for r in context.executor._requests]

    def text(self) -> str:
        """All texts and labels of the page."""
        words = []
        for part in self.parts.values():
            view = part.get("view") or {}
            words += [str(view.get("label") or ""), str(view.get("description") or "")]
            if isinstance(part.get("default"), str) and not part["default"].startswith("data:"):
                words.append(part["default"])
        return "\n".join(words)

    def ops(self, name: str) -> list[dict[str, Any]]:
        """Parameters of what the last event asked of the App under this name."""
        return [params for sent, params in self.sent if sent == name]


def _parts(properties: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, part in properties.items():
        found[name] = part
        found.update(_parts(part["type"].get("properties") or {}))
    return found
