"""The scores as Parquet: the columns of the CSV with types of their own, numbers in full, in one file or a folder of them.

Parquet holds UTF-8 alone: bytes of a file name that are none stand there written out, with a backslash and two digits.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from faceqgen_core.media.remote import RemoteError, file_system, is_remote
from faceqgen_core.tables.score_table import COLUMNS, LISTS, NAMED, WHOLE
from faceqgen_core.whole_files import written_whole

SUFFIX = ".parquet"
SAMPLE_ID = "sample_id"
"""Column of the ids of FiftyOne's samples, where the list of images had them."""

_AT_ONCE = 4096


def load_pyarrow() -> Any:
    """The package, with its module ``parquet`` loaded.

    Raises:
        ValueError: it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ValueError(
            f'Parquet needs the extra "parquet": pip install "faceqgen[parquet]" ({error})'
        ) from error
    return pyarrow


def schema(extra: Iterable[str] = ()) -> Any:
    """The Arrow schema of the table: ``COLUMNS``, the id of a sample, and of each other network its number and name.

    Args:
        extra: names of the scores of other networks.

    Raises:
        ValueError: pyarrow is not installed.
    """
    pa = load_pyarrow()
    lists = {name: pa.list_(pa.string()) for name in LISTS} | {
        "crop_matrix": pa.list_(pa.float64())
    }
    whole, text = dict.fromkeys(WHOLE, pa.int64()), dict.fromkeys(NAMED, pa.string())
    types = {**dict.fromkeys(COLUMNS, pa.float64()), **whole, **text, **lists}
    types[SAMPLE_ID] = pa.string()
    for name in extra:
        types |= {name: pa.float64(), f"{name}_network": pa.string()}
    return pa.schema(list(types.items()))


def write_rows(path: str, rows: Sequence[Mapping[str, Any]], *, extra: Iterable[str] = ()) -> None:
    """Write a file; it appears whole or not at all.

    Args:
        path: of the file, or an address.
        rows: values by column, see ``score_table.values``.
        extra: names of the scores of other networks.

    Raises:
        ValueError: pyarrow is not installed, or an address cannot be used.
        OSError: the file cannot be written.
    """
    pa = load_pyarrow()
    table = pa.Table.from_pylist([_utf8(row) for row in rows], schema=schema(extra))
    if not is_remote(path):
        with written_whole(path) as temporary:
            pa.parquet.write_table(table, temporary)
        return
    content = pa.BufferOutputStream()
    pa.parquet.write_table(table, content)
    system, place = file_system(path)
    # in object stores a file is there when all of it is
    system.makedirs(place.rpartition("/")[0], exist_ok=True)
    system.pipe_file(place, content.getvalue().to_pybytes())


def files_in(path: str) -> list[str]:
    """The Parquet files of a folder, or the one that is named, sorted; hidden ones are left out.

    Args:
        path: of a file or folder, or an address.

    Raises:
        ValueError: a folder without one, or an address that cannot be listed.
    """
    if is_remote(path):
        system, place = file_system(path)
        if not system.isdir(place):
            return [path]
        found = [str(system.unstrip_protocol(name)) for name in system.find(place)]
    elif not os.path.isdir(path):
        return [path]
    else:
        found = [str(file) for file in Path(path).iterdir()]
    files = [file for file in found if _is_part(file)]
    if not files:
        raise ValueError(f"no Parquet file in the folder {path}")
    return sorted(files)


def _is_part(file: str) -> bool:
    name = file.rpartition("/")[2]
    return name.endswith(SUFFIX) and not name.startswith(".")


def read_columns(path: str) -> list[str]:
    """Names of the columns of a file.

    Raises:
        ValueError: pyarrow is not installed, it is no Parquet file, or an address cannot be read.
        OSError: it cannot be read.
    """
    with _Opened(path) as file:
        return list(file.schema_arrow.names)


def read_rows(path: str, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a file, some at a time.

    Args:
        path: of the file, or an address.
        columns: to read; None: all.

    Raises:
        ValueError: pyarrow is not installed, it is no Parquet file, or an address cannot be read.
        OSError: it cannot be read.
    """
    with _Opened(path) as file:
        for batch in file.iter_batches(_AT_ONCE, columns=columns):
            yield from batch.to_pylist()


class _Opened:
    """A Parquet file that is closed when the block ends."""

    def __init__(self, path: str) -> None:
        pa = load_pyarrow()
        if is_remote(path):
            system, place = file_system(path)
            try:
                self._source = system.open(place, "rb")
            except Exception as error:
                raise RemoteError(f"{path} cannot be read: {error}") from error
        else:
            self._source = open(path, "rb")  # noqa: SIM115 - closed below
        try:
            self._file = pa.parquet.ParquetFile(self._source)
        except pa.ArrowInvalid as error:
            self._source.close()
            raise ValueError(f"{path} is no Parquet file: {error}") from error

    def __enter__(self) -> Any:
        return self._file

    def __exit__(self, *error: object) -> None:
        self._source.close()


def _utf8(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: utf8(value) if isinstance(value, str) else value for name, value in row.items()}


def utf8(text: str) -> str:
    """The text with what is no UTF-8 written out, as Parquet holds it."""
    return os.fsencode(text).decode("utf-8", "backslashreplace")
