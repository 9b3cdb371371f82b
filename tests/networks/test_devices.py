import pytest
import torch

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.networks import choose_device, choose_dtype, use_all_cores
from napari_synapse_debug.networks.devices import (
    computes_volumes,
    has_bfloat16,
    has_tiles,
    is_faster,
)


def test_auto_always_finds_a_device_that_computes():
    device = choose_device("auto")
    assert torch.ones(2, device=device).sum().item() == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_a_device_that_is_not_there_is_named():
    with pytest.raises(InputError, match=r"'cuda'.*cpu.*auto"):
        choose_device("cuda")


@pytest.mark.parametrize(
    ("capabilities", "is_there"),
    [
        ({"avx2": True, "avx512_bf16": False}, False),
        ({"avx512_f": True, "avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({}, False),
    ],
)
def test_bfloat16_is_tried_only_where_the_chip_has_it(capabilities, is_there):
    assert has_bfloat16(capabilities) is is_there


@pytest.mark.parametrize(
    ("capabilities", "is_there"),
    [({"avx512_bf16": True, "amx_bf16": False}, False), ({"amx_bf16": True}, True), ({}, False)],
)
def test_tiles_are_those_of_amx(capabilities, is_there):
    assert has_tiles(capabilities) is is_there


class Clock:
    """Time that passes only while the functions of a test say so."""

    def __init__(self):
        self.now = 0.0

    def taking(self, *seconds):
        times = iter(seconds)
        return lambda: setattr(self, "now", self.now + next(times))


@pytest.mark.parametrize(("least", "expected"), [(1.4, True), (1.6, False)])
def test_the_shortest_times_say_which_is_faster_and_the_first_calls_do_not_count(least, expected):
    clock = Clock()
    first = clock.taking(0.1, 9, 2, 9, 9, 9)  # shortest that counts: 2
    second = clock.taking(0.1, 9, 9, 9, 3, 9)  # 3, which is 1.5 times as long
    assert is_faster(first, second, least, lambda: clock.now) is expected


def test_the_format_of_the_cpu_is_chosen_once():
    assert choose_dtype(torch.device("cpu")) is choose_dtype(torch.device("cpu"))


def test_the_cpu_computes_in_one_of_the_formats_that_convolve_there():
    assert choose_dtype(torch.device("cpu")) in (torch.float32, torch.bfloat16)


def test_one_thread_in_the_environment_does_not_bind_torch():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        assert use_all_cores() == torch.get_num_threads()
    finally:
        torch.set_num_threads(before)


def test_a_device_is_asked_whether_it_computes_volumes(monkeypatch):
    assert computes_volumes.__wrapped__("cpu")

    def fail(*arguments, **named):
        raise NotImplementedError("ConvTranspose 3D is not supported on MPS")

    monkeypatch.setattr(torch.nn.functional, "conv_transpose3d", fail)
    assert not computes_volumes.__wrapped__("cpu")
