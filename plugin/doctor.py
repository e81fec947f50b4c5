"""The doctor of the plugin: FiftyOne's database, and whether FiftyOne finds the plugin; ``faceqgen doctor`` starts it.

FiftyOne is asked in a process of its own: it may crash while it is loaded. Stands alone in the plugin and imports the
core's doctor, since what it looks for is why the plugin does not load.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from faceqgen_core.doctor import ROOT, Check, Level, ProcessError, ask, diagnose
from faceqgen_core.vocabulary import PLUGIN

INSTALL_FIFTYONE = 'only the plugin needs it: pip install "fiftyone>=1.14,<2"'

_ASK_FIFTYONE = """
import json
import fiftyone.plugins as fop
from fiftyone.operators.registry import OperatorRegistry
enabled = set(fop.list_enabled_plugins())
plugins = {p.name: [str(p.directory), p.name in enabled] for p in fop.list_plugins(enabled="all")}
registry = OperatorRegistry()
uris = [operator.uri for operator in registry.list_operators(builtin=False)]
print(json.dumps({"plugins": plugins, "operators": uris, "errors": [str(e) for e in registry.list_errors()]}))
"""
_ASK_DATABASE = """
import os, pymongo
client = pymongo.MongoClient(os.environ["FACEQGEN_DOCTOR_URI"], serverSelectionTimeoutMS=5000)
print(client.server_info()["version"])
"""


def _inside(package: str) -> Path | None:
    """Folder of an installed package, which is not imported for this; None if it is not there."""
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    return Path(next(iter(folders))) if folders else None


def _configured_uri() -> str | None:
    if uri := os.environ.get("FIFTYONE_DATABASE_URI"):
        return uri
    path = Path(os.environ.get("FIFTYONE_CONFIG_PATH", Path.home() / ".fiftyone" / "config.json"))
    try:
        config: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    uri = config.get("database_uri") if isinstance(config, dict) else None
    return uri or None


def check_mongod() -> Iterator[Check]:
    """The database of FiftyOne: one that is configured answers, or FiftyOne's own mongod runs."""
    if uri := _configured_uri():
        shown = re.sub(r"//[^/]*@", "//***@", uri)
        try:
            version = ask(_ASK_DATABASE, FACEQGEN_DOCTOR_URI=uri)
        except ProcessError as error:
            reason = str(error).replace(uri, shown)[:200]
            hint = "start that MongoDB, or unset FIFTYONE_DATABASE_URI to use FiftyOne's own"
            yield Check("mongod", Level.FAIL, f"{shown} does not answer: {reason}", hint)
        else:
            yield Check("mongod", Level.OK, f"{version} at {shown}")
        return
    if (folder := _inside("fiftyone")) is None:
        yield Check("mongod", Level.WARN, "FiftyOne is not installed", INSTALL_FIFTYONE)
        return
    path = folder / "db" / "bin" / "mongod"
    hint = (
        f"{sys.executable} {ROOT / 'scripts' / 'ensure_mongod.py'}, "
        "or set FIFTYONE_DATABASE_URI=mongodb://host:port to use a MongoDB of your own"
    )
    if not path.is_file():
        yield Check("mongod", Level.FAIL, f"missing: {path}", hint)
        return
    try:
        run = subprocess.run(
            [str(path), "--version"], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        yield Check("mongod", Level.FAIL, f"{path} does not run: {error}", hint)
    else:
        first = next(iter(run.stdout.splitlines()), "unknown version")
        yield Check("mongod", Level.OK, f"{first} ({path})")


def check_plugin() -> Iterator[Check]:
    """FiftyOne finds the plugin, has it enabled and loads its operators."""
    if _inside("fiftyone") is None:
        yield Check("plugin", Level.WARN, "FiftyOne is not installed", INSTALL_FIFTYONE)
        return
    try:
        answer: dict[str, Any] = json.loads(ask(_ASK_FIFTYONE))
    except ProcessError as error:
        hint = 'mend what is above; then try: python -c "import fiftyone"'
        yield Check("plugin", Level.FAIL, f"FiftyOne does not load: {error}", hint)
        return
    if PLUGIN not in answer["plugins"]:
        hint = f"export FIFTYONE_PLUGINS_DIR={ROOT}, or link {ROOT} into your plugins folder"
        yield Check("plugin", Level.WARN, f"FiftyOne does not find {PLUGIN}", hint)
        return
    folder, enabled = answer["plugins"][PLUGIN]
    if not enabled:
        hint = f"fiftyone plugins enable {PLUGIN}"
        yield Check("plugin", Level.WARN, f"{PLUGIN} in {folder} is disabled", hint)
        return
    operators = [uri for uri in answer["operators"] if uri.startswith(f"{PLUGIN}/")]
    if not operators:
        reason = next((e for e in answer["errors"] if "faceqgen" in e), "no error was logged")
        hint = "install what the reason names; a plugin whose import fails vanishes from the App"
        yield Check("plugin", Level.FAIL, f"{folder} offers no operator: {reason[-300:]}", hint)
        return
    yield Check("plugin", Level.OK, f"{PLUGIN}, {len(operators)} operators, {folder}")


if __name__ == "__main__":
    print(json.dumps([asdict(check) for check in diagnose((check_mongod, check_plugin))]))
