"""The house as CONTRIBUTING draws it: rooms on floors, arrows that point down, files that can be read in one go."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MOST_FILES = 17
"""In one folder; a number that only shrinks."""

PACKAGES = ("faceqgen_core", "plugin", "demo")
FLOORS = (
    {"settings", "progress", "doctor"},
    {"dataset"},
    {"storage", "queries", "faces"},
    {"scoring"},
    {"results"},
    {"operators", "panels"},
)
"""Of the plugin, from below; a room imports rooms of lower floors alone, files of the ground floor one another. Above them all
is the entry."""


def _files(package: str) -> Iterator[Path]:
    yield from sorted((ROOT / package).rglob("*.py"))


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(path: Path, modules: set[str], *, inside_functions: bool) -> set[str]:
    """Our modules that a file imports, on its top level or anywhere."""
    package = ".".join(path.relative_to(ROOT).parent.parts).split(".")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if inside_functions else iter(tree.body)
    found = set()
    for node in nodes:
        if not isinstance(node, ast.ImportFrom):
            continue
        base = package[: len(package) - node.level + 1] if node.level else []
        name = ".".join([*base, node.module] if node.module else base)
        for alias in node.names:
            full = f"{name}.{alias.name}"
            found.add(full if full in modules else name)
    return found & modules


def _graph(package: str, *, inside_functions: bool) -> dict[str, set[str]]:
    modules = {_module(path) for path in _files(package)}
    return {
        _module(path): _imports(path, modules, inside_functions=inside_functions) - {_module(path)}
        for path in _files(package)
    }


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else module


@pytest.mark.parametrize("package", PACKAGES)
def test_no_file_is_long_and_most_are_short(package):
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in _files(package)}
    assert {path.name: n for path, n in lines.items() if n > 400} == {}
    if package != "demo":
        assert statistics.median(n for path, n in lines.items() if path.name != "__init__.py") < 150


@pytest.mark.parametrize("package", PACKAGES)
def test_no_folder_holds_more_files_than_one_can_look_through(package):
    folders = {path.parent for path in _files(package)}
    counts = {str(folder.relative_to(ROOT)): len(list(folder.glob("*.py"))) for folder in folders}
    assert {name: n for name, n in counts.items() if n > MOST_FILES} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_file_imports_itself_by_a_detour(package):
    graph = _graph(package, inside_functions=False)
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join([*path, module])
        if module not in done:
            for other in graph[module]:
                visit(other, (*path, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def test_every_room_of_the_plugin_has_a_floor_and_looks_down_alone():
    floor = {room: number for number, rooms in enumerate((*FLOORS, {"plugin"})) for room in rooms}
    graph = _graph("plugin", inside_functions=True)
    assert {_room(module) for module in graph} <= set(floor) and len(FLOORS) <= 6
    upwards = {
        (module, other)
        for module, others in graph.items()
        for other in others
        if _room(other) != _room(module) and floor[_room(other)] >= max(1, floor[_room(module)])
    }
    assert upwards == set()


def test_every_room_is_named_on_the_page_of_the_house():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    folders = {path.parent for package in PACKAGES[:2] for path in _files(package)}
    rooms = {folder.name for folder in folders if folder.parent.parent == ROOT}
    assert {room for room in rooms if f"`{room}/" not in page} == set()


@pytest.mark.parametrize("package", ["faceqgen_core", "plugin"])
def test_product_code_takes_nothing_from_the_demo_the_scripts_or_the_tests(package):
    for path in _files(package):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            )
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not {name.split(".")[0] for name in names} & {"demo", "scripts", "tests"}, path


def test_the_name_of_the_plugin_is_written_once():
    manifest = (ROOT / "fiftyone.yml").read_text(encoding="utf-8").splitlines()
    (name,) = (line.split('"')[1] for line in manifest if line.startswith("name:"))
    holders = [
        path.relative_to(ROOT).as_posix()
        for package in ("faceqgen_core", "plugin")
        for path in _files(package)
        if name in path.read_text(encoding="utf-8")
    ]
    assert holders == ["faceqgen_core/vocabulary.py"]


@pytest.mark.parametrize("package", ["faceqgen_core", "plugin"])
def test_nothing_goes_by_a_name_that_the_field_has_a_term_for(package):
    old = {"Facts", "Workspace", "Cues", "cues", "chips", "Teacher", "harm", "HARM", "worth"}
    old |= {"missed_mates", "strangers_similarity", "findings"}
    to_come = {ROOT / "faceqgen_core/training" / room for room in ("data", "loop", "networks")}
    for path in _files(package):
        if path.parent in to_come:
            continue
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        names |= {node.arg for node in nodes if isinstance(node, ast.arg)}
        names |= {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        assert not names & old, path
