import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.networks.blocks.dynunet_block import UnetResBlock

from napari_synapse_debug.networks import build_network, fold_batch_norms, fuse_blocks, fusion


def folded(network):
    """The network with norms that were not the identity, folded, as it is predicted with."""
    torch.manual_seed(0)
    channels = next(network.parameters()).shape[1]
    for _ in range(3):
        network(2 + 3 * torch.randn(2, channels, 4, 16, 16))
    fold_batch_norms(network)
    return network.to(memory_format=torch.channels_last_3d)


@pytest.fixture(scope="module")
def pair(tiny_plan):
    """A network, and the same one fused."""
    plan = tiny_plan.model_copy(update={"filters": (16, 32, 32)})
    plain = folded(build_network(plan))
    fused = copy.deepcopy(plain)
    fuse_blocks(fused)
    return plain, fused


@settings(max_examples=20, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 2), *(st.integers(1, 6),) * 3),
    is_contiguous=st.booleans(),
)
def test_the_result_is_that_of_the_single_operations(pair, shape, is_contiguous):
    plain, fused = pair
    batch, z, y, x = shape
    values = torch.randn(batch, 1, z, 4 * y, 4 * x)
    if not is_contiguous:
        values = values.to(memory_format=torch.channels_last_3d)
    with torch.inference_mode():
        torch.testing.assert_close(fused(values), plain(values), rtol=1e-4, atol=1e-4)


@pytest.mark.skipif(
    not torch.ops.mkldnn._is_mkldnn_bf16_supported(),
    reason="oneDNN's own operations refuse bfloat16 on processors without AVX-512",
)
def test_in_bfloat16_it_rounds_no_more_than_they_do(pair):
    values = torch.randn(1, 1, 6, 32, 40).bfloat16()
    layout = torch.channels_last_3d
    plain, fused = (copy.deepcopy(n).bfloat16().to(memory_format=layout) for n in pair)
    seen = values.contiguous(memory_format=layout)
    with torch.inference_mode():
        exact = pair[0](values.float())
        of_plain, of_fused = ((n(seen).float() - exact).abs().mean() for n in (plain, fused))
    assert 0 < of_fused < 1.2 * of_plain


def test_a_block_without_a_layer_in_its_shortcut_leaves_its_input_alone():
    block = folded(UnetResBlock(3, 16, 16, 3, 1, "batch", ("relu", {"inplace": True})))
    fused = copy.deepcopy(block)
    fuse_blocks(fused)
    values = torch.randn(1, 16, 4, 8, 8).to(memory_format=torch.channels_last_3d)
    given = values.clone()
    with torch.inference_mode():
        torch.testing.assert_close(fused(values), block(values), rtol=1e-4, atol=1e-4)
    assert torch.equal(values, given)


def test_blocks_that_are_held_twice_stay_one(pair):
    _, fused = pair
    assert fused.skip_layers.downsample is fused.input_block


@pytest.mark.parametrize("what", ["missing", "wrong"])
def test_without_the_operations_the_network_stays_as_it_is(tiny_plan, monkeypatch, what):
    def broken(*_):
        if what == "missing":
            raise AttributeError("'_OpNamespace' 'mkldnn' object has no attribute")
        return torch.zeros(1, 16, 4, 8, 8)

    monkeypatch.setattr(fusion, "_rectified", broken)
    monkeypatch.setattr(fusion, "_can_fuse", fusion._can_fuse.__wrapped__)
    network = folded(build_network(tiny_plan))
    classes = {type(module) for module in network.modules()}
    fuse_blocks(network)
    assert {type(module) for module in network.modules()} == classes


def test_this_build_of_torch_has_them():
    """Else predictions on a CPU take twice as long: worth a look when torch is updated."""
    if not torch.backends.mkldnn.is_available():
        pytest.skip("torch was built without oneDNN")
    assert fusion._can_fuse(torch.float32)
