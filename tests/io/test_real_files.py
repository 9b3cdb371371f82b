"""Files as they come from other tools and data sets."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.project import ProjectConfig, Source
from napari_synapse_debug.io import (
    check_project,
    check_segmentation,
    create_project,
    open_volume,
    read_synapses,
)

DATA = Path(os.environ.get("SYNAPSE_DEBUG_DATA", "../shared/data")).absolute()

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"no real data in {DATA} (SYNAPSE_DEBUG_DATA)"),
]


def test_a_real_project_fits_together(tmp_path: Path) -> None:
    def vnc(dataset: str) -> Source:
        return Source(path=str(DATA / "vnc_left.h5"), dataset=dataset)

    config = ProjectConfig(
        name="vnc",
        voxel_size_nm=(50.0, 4.6, 4.6),
        raw=vnc("volumes/raw"),
        segmentation=vnc("volumes/labels/neuron_ids"),
        truth=str(DATA / "vnc_left_synapses.csv"),
        train_box="0:20,0:672,0:512",
    )
    project = create_project(tmp_path, config)
    check_project(project)
    truth = project.truth()
    assert len(truth) == 182
    assert truth["synapse"].nunique() == 33
    assert {"contact_px", "pre_confidence"} < set(truth.columns)
    segments = project.segmentation()
    first = truth.iloc[0]
    index = segments.grid.to_index(first[["pre_z_nm", "pre_y_nm", "pre_x_nm"]].to_numpy(float))
    assert segments.array[tuple(index[0])] == first["pre_segment"]


def test_a_genuine_cremi_file_opens() -> None:
    volume = open_volume(Source(path=str(DATA / "formats" / "cremi_example.h5")))
    assert volume.grid.shape == (1, 164, 251)
    assert volume.grid.voxel_size_nm == (40.0, 4.0, 4.0)
    check_segmentation(volume)


def test_an_npz_of_labels_opens() -> None:
    volume = open_volume(Source(path=str(DATA / "pinky_512.npz")))
    assert volume.grid.shape == (512, 512, 512)
    assert volume.read(Box((0, 0, 0), (2, 3, 4))).dtype == np.uint16


def test_the_truth_alone_reads_as_segments_exactly() -> None:
    truth = read_synapses(DATA / "vnc_left_synapses.csv")
    assert truth["pre_segment"].dtype == np.uint64
    assert not truth["cleft_is_midpoint"].any()
