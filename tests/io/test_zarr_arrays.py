from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from napari_synapse_debug.domain.errors import DataError, InputError
from napari_synapse_debug.domain.project import Source
from napari_synapse_debug.io.volumes import open_volume


def image(
    path: Path,
    shape: tuple[int, ...],
    axes: str = "zyx",
    unit: str | None = "micrometer",
    version: int = 2,
    transforms: list[dict[str, Any]] | None = None,
    **more: Any,
) -> np.ndarray:
    """An OME-Zarr image of two levels (0.4 for Zarr 2, 0.5 for Zarr 3)."""
    data = np.random.default_rng(1).integers(0, 255, shape, dtype=np.uint8)
    lead = len(axes) - 3
    described = [
        {"name": a, "type": "space", **({"unit": unit} if unit else {})}
        if a in "zyx"
        else {"name": a, "type": {"t": "time", "c": "channel"}[a]}
        for a in axes
    ]
    levels = []
    for level, factor in enumerate((1, 2)):
        scale = [1.0] * lead + [0.05, 0.0046 * factor, 0.0045 * factor]
        move = [0.0] * lead + [0.1, 0.0, -0.2]
        levels.append(
            {
                "path": f"s{level}",
                "coordinateTransformations": [
                    {"type": "scale", "scale": scale},
                    {"type": "translation", "translation": move},
                ],
            }
        )
    multiscale = {"axes": described, "datasets": levels}
    if transforms is not None:
        multiscale["coordinateTransformations"] = transforms
    metadata = {"multiscales": [multiscale], **more}
    group = zarr.create_group(
        path,
        zarr_format=version,
        attributes=metadata if version == 2 else {"ome": {"version": "0.5", **metadata}},
    )
    group.create_array("s0", data=data, chunks=(1,) * lead + (2, 8, 8))
    group.create_array("s1", data=data[..., ::2, ::2], chunks=(1,) * lead + (2, 8, 8))
    return data


@pytest.mark.parametrize("version", [2, 3])
def test_level_0_with_scale_translation_and_unit(tmp_path: Path, version: int) -> None:
    data = image(tmp_path / "a.zarr", (4, 13, 22), version=version)
    volume = open_volume(Source(path="a.zarr"), tmp_path)
    np.testing.assert_allclose(volume.grid.voxel_size_nm, (50, 4.6, 4.5))
    np.testing.assert_allclose(volume.grid.offset_nm, (100, 0, -200))
    np.testing.assert_array_equal(volume.read(volume.grid.box), data)
    assert volume.chunks == (2, 8, 8)


def test_a_level_can_be_named_and_keeps_its_scale(tmp_path: Path) -> None:
    image(tmp_path / "a.zarr", (4, 13, 22))
    for source in (Source(path="a.zarr", dataset="s1"), Source(path="a.zarr/s1")):
        volume = open_volume(source, tmp_path)
        assert volume.grid.shape == (4, 7, 11)
        np.testing.assert_allclose(volume.grid.voxel_size_nm, (50, 9.2, 9.0))


def test_transforms_of_the_whole_image_come_after_those_of_the_level(tmp_path: Path) -> None:
    whole = [
        {"type": "scale", "scale": [2.0, 3.0, 3.0]},
        {"type": "translation", "translation": [0.0, 0.001, 0.0]},
    ]
    image(tmp_path / "a.zarr", (4, 13, 22), transforms=whole)
    grid = open_volume(Source(path="a.zarr"), tmp_path).grid
    np.testing.assert_allclose(grid.voxel_size_nm, (100, 13.8, 13.5))
    np.testing.assert_allclose(grid.offset_nm, (200, 1, -600), atol=1e-9)


def test_five_axes_of_one_time_and_channel_are_three(tmp_path: Path) -> None:
    data = image(tmp_path / "a.zarr", (1, 1, 4, 13, 22), "tczyx")
    volume = open_volume(Source(path="a.zarr"), tmp_path)
    assert volume.channels is None
    assert volume.array.ndim == 3
    np.testing.assert_array_equal(volume.array[1:, 4], data[0, 0, 1:, 4])


def test_channels_keep_their_names(tmp_path: Path) -> None:
    data = image(
        tmp_path / "a.zarr",
        (1, 2, 4, 13, 22),
        "tczyx",
        omero={"channels": [{"label": "cleft"}, {"label": "mito"}]},
    )
    image(tmp_path / "b.zarr", (2, 4, 13, 22), "czyx")
    volume = open_volume(Source(path="a.zarr"), tmp_path)
    assert volume.channels == ("cleft", "mito")
    mito = volume.channel("mito")
    np.testing.assert_array_equal(mito.read(mito.grid.box), data[0, 1])
    assert open_volume(Source(path="b.zarr"), tmp_path).channels == ("0", "1")


def test_several_points_in_time_and_other_orders_are_refused(tmp_path: Path) -> None:
    image(tmp_path / "a.zarr", (2, 4, 13, 22), "tzyx")
    image(tmp_path / "b.zarr", (4, 13, 22), "xyz")
    for name in ("a.zarr", "b.zarr"):
        with pytest.raises(InputError, match="no volume"):
            open_volume(Source(path=name), tmp_path)


@pytest.mark.parametrize("unit", [None, "pixel"])
def test_a_scale_without_a_unit_is_no_voxel_size(tmp_path: Path, unit: str | None) -> None:
    image(tmp_path / "a.zarr", (4, 13, 22), unit=unit)
    with pytest.raises(InputError, match=r"a scale 0\.05,0\.0046,0\.0045 in unit"):
        open_volume(Source(path="a.zarr"), tmp_path)


def test_an_image_inside_a_container_is_found_or_must_be_named(tmp_path: Path) -> None:
    zarr.create_group(tmp_path / "a.zarr", zarr_format=2)
    image(tmp_path / "a.zarr" / "raw", (4, 13, 22))
    assert open_volume(Source(path="a.zarr"), tmp_path).grid.shape == (4, 13, 22)
    image(tmp_path / "a.zarr" / "seg", (4, 13, 20))
    with pytest.raises(InputError, match=r"2 volumes.*raw, seg|2 volumes.*seg, raw"):
        open_volume(Source(path="a.zarr"), tmp_path)
    assert open_volume(Source(path="a.zarr", dataset="seg"), tmp_path).grid.shape == (4, 13, 20)
    with pytest.raises(InputError, match="no data set 'sag'"):
        open_volume(Source(path="a.zarr", dataset="sag"), tmp_path)


def test_funlib_attributes_give_the_grid(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "a.zarr", zarr_format=2)
    array = group.create_array("raw", shape=(4, 13, 22), dtype="u1")
    array.attrs.update({"voxel_size": [40, 4, 8], "offset": [80, 0, 8], "units": ["nm"] * 3})
    grid = open_volume(Source(path="a.zarr", dataset="raw"), tmp_path).grid
    assert (grid.voxel_size_nm, grid.offset_nm) == ((40.0, 4.0, 8.0), (80.0, 0.0, 8.0))
    array.attrs["units"] = ["voxel"] * 3
    with pytest.raises(InputError, match="units"):
        open_volume(Source(path="a.zarr", dataset="raw"), tmp_path)


def test_damaged_metadata_are_told(tmp_path: Path) -> None:
    image(tmp_path / "a.zarr", (4, 13, 22), version=3)
    described = tmp_path / "a.zarr" / "s0" / "zarr.json"
    content = json.loads(described.read_text())
    described.write_text(json.dumps(content | {"data_type": "nonsense"}))
    with pytest.raises(DataError, match="metadata"):
        open_volume(Source(path="a.zarr"), tmp_path)
    (tmp_path / "a.zarr" / "zarr.json").write_text("{")
    with pytest.raises(DataError, match="damaged"):
        open_volume(Source(path="a.zarr"), tmp_path)


def test_a_chunk_of_noise_is_damaged(tmp_path: Path) -> None:
    image(tmp_path / "a.zarr", (4, 13, 22), version=3)
    volume = open_volume(Source(path="a.zarr"), tmp_path)
    assert volume.array[0, 0, 0] >= 0
    (tmp_path / "a.zarr/s0/c/1/0/0").write_bytes(b"noise")
    with pytest.raises(DataError, match=r"s0 cannot be read at 0:4,0:13,0:22"):
        volume.read(volume.grid.box)
