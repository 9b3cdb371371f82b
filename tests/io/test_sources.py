from __future__ import annotations

from pathlib import Path

import pytest

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io.sources import existing_path, locate, parse_source


@pytest.mark.parametrize(
    ("text", "path", "dataset"),
    [
        ("sample.h5:volumes/raw", "sample.h5", "volumes/raw"),
        ("sample.h5:/volumes/raw/", "sample.h5", "volumes/raw"),
        ("stack.tif", "stack.tif", None),
        ("stack.tif:", "stack.tif", None),
        (r"C:\data\sample.h5", r"C:\data\sample.h5", None),
        (r"C:\data\sample.h5:volumes/raw", r"C:\data\sample.h5", "volumes/raw"),
        ("D:/data/sample.h5:raw", "D:/data/sample.h5", "raw"),
    ],
)
def test_address_is_parted_at_its_colon(text: str, path: str, dataset: str | None) -> None:
    assert parse_source(text) == Source(path=path, dataset=dataset)


def test_a_path_that_exists_whole_wins(tmp_path: Path) -> None:
    odd = tmp_path / "10:30.h5"
    assert parse_source("10:30.h5", tmp_path) == Source(path="10", dataset="30.h5")
    odd.write_bytes(b"")
    assert parse_source("10:30.h5", tmp_path) == Source(path="10:30.h5")
    assert parse_source("10:30.h5:a:b", tmp_path) == Source(path="10:30.h5", dataset="a:b")


@pytest.mark.parametrize("text", ["", "  ", ":raw"])
def test_an_address_without_a_file_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="names no file"):
        parse_source(text)


def test_a_wrong_path_names_what_is_near(tmp_path: Path) -> None:
    (tmp_path / "sample.h5").write_bytes(b"")
    with pytest.raises(InputError, match=r"has no sampel\.h5.*did you mean sample\.h5"):
        existing_path(Source(path="sampel.h5"), tmp_path)
    with pytest.raises(InputError, match=rf"the folder {tmp_path}, which has no deep"):
        existing_path(Source(path="deep/er/raw.h5"), tmp_path)


def test_a_path_into_a_file_is_told_to_use_a_colon(tmp_path: Path) -> None:
    (tmp_path / "sample.h5").write_bytes(b"")
    with pytest.raises(InputError, match=r"sample\.h5:volumes/raw"):
        existing_path(Source(path="sample.h5/volumes/raw"), tmp_path)


def test_a_path_that_begins_like_a_home_and_is_none_is_a_path(tmp_path: Path) -> None:
    assert locate("~no_such_user/em.h5", tmp_path) == tmp_path / "~no_such_user/em.h5"
