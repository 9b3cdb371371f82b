import numpy as np
import pytest
import torch

from napari_synapse_debug.predict import memory
from napari_synapse_debug.predict.memory import free_bytes, is_out_of_memory, tile_bytes


def test_a_quarter_of_what_is_free_within_bounds():
    assert tile_bytes(4 * 2**30) == 2**30
    assert tile_bytes(2**40) == 2**31
    assert tile_bytes(0) == 2**26


def test_some_memory_is_free_here():
    assert 2**20 < free_bytes(torch.device("cpu")) < 2**50


def test_real_want_of_memory_is_recognised():
    with pytest.raises(MemoryError) as of_numpy:
        np.ones(2**60, np.uint8)
    assert is_out_of_memory(of_numpy.value)
    with pytest.raises(RuntimeError) as of_torch:
        torch.ones(2**60, dtype=torch.uint8)
    assert is_out_of_memory(of_torch.value)


def test_messages_of_other_devices_are_recognised_and_other_errors_are_not():
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"))
    assert is_out_of_memory(RuntimeError("MPS backend out of memory (MPS allocated: 1 GB"))
    for text in (
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "Unable to find an engine to execute this computation",
        "std::bad_alloc",
        "MemoryError: Unable to allocate 3.00 GiB",
        "[Errno 12] Cannot allocate memory",
    ):
        assert is_out_of_memory(RuntimeError(text)), text
        assert not is_out_of_memory(ValueError(text)), text
    assert not is_out_of_memory(RuntimeError("cuDNN error: CUDNN_STATUS_BAD_PARAM"))
    assert not is_out_of_memory(RuntimeError("Given groups=1, weight of size"))
    assert not is_out_of_memory(ValueError("out of memory"))


def test_files_in_memory_are_free_in_a_container(tmp_path, monkeypatch):
    limit = 2**28
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text(f"{limit}\n")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    assert free_bytes(torch.device("cpu")) == 0
    stat = "anon 1000\nactive_file 2000\ninactive_file 30000\nworkingset 5\n"
    (tmp_path / "memory.stat").write_text(stat)
    assert free_bytes(torch.device("cpu")) == 32_000
    (tmp_path / "memory.max").write_text("max\n")
    assert free_bytes(torch.device("cpu")) > 32_000
