"""Nothing leaves the machine: every connection that scoring makes is looked at, and product code knows no way out."""

from __future__ import annotations

import ast
import ipaddress
import re
import socket
from pathlib import Path

import pytest

from faceqgen_core import FaceQualityAssessor

ROOT = Path(__file__).resolve().parents[2]
WAYS_OUT = {
    "http",
    "urllib.request",
    "urllib3",
    "requests",
    "httpx",
    "aiohttp",
    "ftplib",
    "smtplib",
}


@pytest.fixture
def connections(monkeypatch) -> list[str]:
    """The addresses outside of this machine that are connected to; none of them is reached."""
    found: list[str] = []
    real = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex")}

    def watched(name):
        def connect(self, address):
            host = address[0] if isinstance(address, tuple) else ""
            if host and host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                found.append(f"{host}:{address[1]}")
                raise ConnectionRefusedError("no way out")
            return real[name](self, address)

        return connect

    for name in real:
        monkeypatch.setattr(socket.socket, name, watched(name))
    return found


def test_the_watch_sees_a_connection(connections):
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    assert connections == ["192.0.2.1:80"]


def test_scoring_by_core_and_operator_connects_to_this_machine_alone(
    connections, pictures, one_face, score, preset
):
    (found,) = FaceQualityAssessor(preset).assess([pictures["one"]])
    assert found.scored
    score(one_face)
    assert one_face.first().faceqgen.status == "scored"
    assert connections == []


def _imports():
    """File and name of each import in the product."""
    for package in ("faceqgen_core", "plugin"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    yield from ((path, alias.name) for alias in node.names)
                elif isinstance(node, ast.ImportFrom):
                    yield path, node.module or ""


def test_product_code_imports_nothing_that_sends():
    sent = {
        f"{path.name}: {name}"
        for path, name in _imports()
        if name in WAYS_OUT or name.split(".")[0] in WAYS_OUT
    }
    assert sent == set()


def test_what_reaches_other_machines_is_imported_in_two_places_and_named_on_the_page():
    """The page said that no machine but this one was ever asked, and images at an address are fetched."""
    found = {
        (path.parent.name, package)
        for path, name in _imports()
        if (package := name.split(".")[0]) in ("fsspec", "s3fs", "gcsfs", "adlfs", "ray", "socket")
    }
    assert found == {("media", "fsspec"), ("distributed", "ray"), ("dataset", "socket")}
    page = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    assert "fsspec" in page and "`--engine ray`" in page and "RAY_USAGE_STATS_ENABLED=0" in page
    lease = (ROOT / "plugin" / "dataset" / "lease.py").read_text(encoding="utf-8")
    assert set(re.findall(r"socket\.\w+", lease)) == {"socket.gethostname"}  # no more than a name


def test_the_page_names_every_place_that_product_code_writes_to():
    page = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    code = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "plugin").rglob("*.py"))
    rooms = set(re.findall(r'product_folder\("(\w+)"', code))
    stores = set(re.findall(r'^_?STORE = "(\w+)"', code, re.MULTILINE))
    assert rooms == {"restored", "reports", "exports"} and len(stores) == 3
    assert {room for room in rooms if f"`~/.faceqgen/{room}/" not in page} == set()
    assert {store for store in stores if f"`{store}`" not in page} == set()
    assert "journal" in page and "delete_face_quality" in page and "`clean`" in page


def test_the_pages_on_security_and_privacy_are_there_and_found():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for page in ("SECURITY.md", "docs/privacy.md", "docs/reliability.md"):
        assert (ROOT / page).is_file() and f"({page})" in readme
