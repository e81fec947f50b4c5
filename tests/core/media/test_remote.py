"""Remote files, by fsspec's memory and by a web server on this machine; and what is said where the extra is missing."""

from __future__ import annotations

import http.server
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from faceqgen_core.cli.score import restored_name
from faceqgen_core.image_io import UnreadableImage, image_size, load_image
from faceqgen_core.media import remote
from faceqgen_core.media.image_list import find_images
from faceqgen_core.media.remote import RemoteError, fetch, images_at, is_remote, short_name, state
from faceqgen_core.tables.score_journal import file_state
from tests.core.toy_assessor import toy
from tests.images import jpeg_bytes, plain


@pytest.fixture
def memory():
    """fsspec's file system in memory, empty."""
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


@pytest.fixture
def server(tmp_path):
    """The address of a web server over a folder, and the folder."""
    pytest.importorskip("aiohttp")
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_port}", folder
        served.shutdown()


@pytest.fixture
def without_fsspec(monkeypatch):
    for module in [name for name in sys.modules if name.split(".")[0] == "fsspec"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "fsspec", None)


def load_or_reason(url):
    try:
        return load_image(url)
    except UnreadableImage as error:
        return error.reason.split(": ")[1].split(",")[0]


def test_an_address_is_told_from_a_path():
    for address in ("s3://a/b.jpg", "gs://a", "https://a/b", "memory://x", "ftp://x"):
        assert is_remote(address)
    for path in ("a.jpg", "/a/b", "C://a.jpg", "simplecache::s3://a", Path("a"), b"s3://a", "a:b"):
        assert not is_remote(path)


def test_a_remote_file_gives_the_pixels_of_the_same_file_here(memory, server):
    content = jpeg_bytes(plain(40, 30))
    memory.pipe("/bucket/face.jpg", content)
    address, folder = server
    (folder / "face.jpg").write_bytes(content)
    for url in ("memory://bucket/face.jpg", f"{address}/face.jpg"):
        np.testing.assert_array_equal(load_image(url), load_image(content))
        assert image_size(url) == (40, 30)


def test_a_remote_file_that_is_missing_or_damaged_is_unreadable_with_its_name(memory, server):
    memory.pipe("/bucket/bad.jpg", b"not a picture")
    address, _ = server
    for url, words in {
        "memory://bucket/none.jpg": r"none\.jpg: no such file",
        f"{address}/none.jpg": r"none\.jpg: no such file",
        "memory://bucket/bad.jpg": r"bad\.jpg: not an image",
        "ftp://host/a.jpg": r"a\.jpg: ftp:// is not read; what is: s3://, gs://",
    }.items():
        with pytest.raises(UnreadableImage, match=words):
            load_image(url)


def test_a_server_that_is_away_is_a_reason_without_the_address_s_secrets():
    pytest.importorskip("aiohttp")
    with pytest.raises(UnreadableImage, match=r"^a\.jpg: cannot be fetched") as raised:
        load_image("http://127.0.0.1:9/a.jpg?signature=s3cr3t")
    assert "s3cr3t" not in str(raised.value)
    assert short_name("https://u:pw@host/x/a.jpg?token=t") == "a.jpg"
    assert short_name("https://u:pw@host/") == "host"


def test_a_file_over_the_limit_is_not_fetched_to_its_end(memory, monkeypatch):
    monkeypatch.setattr(remote, "LARGEST", 3 << 20)
    memory.pipe("/big.jpg", bytes(5 << 20))
    with pytest.raises(RemoteError, match="over 3 MB"):
        fetch("memory://big.jpg")


def test_a_remote_folder_is_searched_like_one_here(memory):
    for name in ("b/2.heic", "a.JPG", ".hidden/c.png", "notes.txt", "b/.d.png", "b/1.png"):
        memory.pipe(f"/bucket/{name}", b"x")
    found = find_images(["memory://bucket"])
    names = [str(url).removeprefix("memory://").lstrip("/") for url in found]
    assert names == ["bucket/a.JPG", "bucket/b/1.png", "bucket/b/2.heic"]
    assert all(load_or_reason(url) == "not an image" for url in found)
    assert images_at("memory://bucket/b/1.png") == ["memory://bucket/b/1.png"]


def test_a_remote_place_with_no_image_or_nothing_at_all_is_named(memory):
    memory.pipe("/bucket/notes.txt", b"x")
    with pytest.raises(ValueError, match="no image in the folder memory://bucket"):
        find_images(["memory://bucket"])
    with pytest.raises(ValueError, match=r"none: no such file"):
        find_images(["memory://none"])


def test_a_remote_file_that_has_changed_is_known_to_have(memory):
    memory.pipe("/bucket/a.jpg", b"x")
    before = file_state("memory://bucket/a.jpg")
    assert before is not None and before == state("memory://bucket/a.jpg")
    memory.pipe("/bucket/a.jpg", b"y")
    assert file_state("memory://bucket/a.jpg") not in (None, before)
    assert file_state("memory://bucket/none.jpg") is None


def test_remote_images_are_assessed_in_their_order_each_with_its_address(memory):
    memory.pipe("/bucket/a.jpg", jpeg_bytes(plain(160, 160)))
    urls = ["memory://bucket/a.jpg", "memory://bucket/none.jpg"]
    assessor, _ = toy()
    results = list(assessor.assess(urls))
    assert [(r.source, r.status.value) for r in results] == [
        (urls[0], "scored"),
        (urls[1], "unreadable"),
    ]


@pytest.mark.usefixtures("without_fsspec")
def test_without_the_extra_the_message_names_it_in_the_core_and_on_the_command_line():
    for read in (load_image, lambda url: find_images([url])):
        with pytest.raises(
            ValueError, match=r's3:// needs the extra "cloud": pip install "faceqgen\[cloud\]"'
        ):
            read("s3://bucket/face.jpg")


def test_without_the_package_of_one_store_the_extra_is_named_too(monkeypatch):
    pytest.importorskip("fsspec")
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(sys.modules, "fsspec.registry", raising=False)
    with pytest.raises(UnreadableImage, match=r"faceqgen\[cloud\]"):
        load_image("s3://bucket/face.jpg")


def test_an_address_that_became_a_path_is_told_what_happened():
    with pytest.raises(UnreadableImage, match="given as text, not as a Path"):
        load_image(Path("s3://bucket/face.jpg"))


def test_restored_files_of_remote_images_are_named_by_the_address_and_not_by_the_folder_here(
    tmp_path, monkeypatch
):
    here = restored_name("s3://bucket/a.jpg?x=1", 0)
    monkeypatch.chdir(tmp_path)
    assert restored_name("s3://bucket/a.jpg?x=1", 0) == here
    assert here.startswith("a-") and restored_name("s3://other/a.jpg", 0) != here
