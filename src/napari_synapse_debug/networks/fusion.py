"""Convolutions that add and rectify while they write: fewer passes over memory on a CPU."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from monai.networks.blocks.dynunet_block import UnetBasicBlock, UnetResBlock
from torch import Tensor, nn
from torch.nn.utils import skip_init


def fuse_blocks(network: nn.Module) -> None:
    """Make the blocks of a folded ``network`` add and rectify within their convolutions, in place.

    For prediction on a CPU only, with batch norms folded. Where this build of torch cannot, the
    network stays as it is. The class of the blocks is exchanged, so that those that are held in
    two places, as in MONAI's ``DynUNet``, stay one.
    """
    if not _can_fuse(next(network.parameters()).dtype):
        return
    for block in network.modules():
        if type(block) is UnetResBlock:
            _widen_shortcut(block)
            block.__class__ = _ResBlock
        elif type(block) is UnetBasicBlock:
            block.__class__ = _BasicBlock


class _BasicBlock(UnetBasicBlock):
    def forward(self, inp: Tensor) -> Tensor:
        """Two convolutions, each rectified."""
        return _rectified(self.conv2.conv, _rectified(self.conv1.conv, inp))


class _ResBlock(UnetResBlock):
    def forward(self, inp: Tensor) -> Tensor:
        """Two convolutions, and the shortcut added before the second is rectified."""
        if not hasattr(self, "conv3"):
            main = self.conv2.conv(_rectified(self.conv1.conv, inp))
            return main.add_(inp).relu_()
        main = _rectified(self.conv1.conv, inp)
        shortcut = self.conv3.conv(inp)
        if not shortcut.is_contiguous(memory_format=torch.channels_last_3d):
            return self.conv2.conv(main).add_(shortcut).relu_()
        return _added_and_rectified(self.conv2.conv, main, shortcut)


def _rectified(layer: nn.Conv3d, values: Tensor) -> Tensor:
    result: Tensor = torch.ops.mkldnn._convolution_pointwise(
        values, layer.weight, layer.bias, *_shape(layer), "relu", [], ""
    )
    return result


def _added_and_rectified(layer: nn.Conv3d, values: Tensor, other: Tensor) -> Tensor:
    """The result is written into ``other``."""
    result: Tensor = torch.ops.mkldnn._convolution_pointwise_.binary(
        other, values, layer.weight, layer.bias, *_shape(layer), "add", 1.0, "relu", [], ""
    )
    return result


def _shape(layer: nn.Conv3d) -> tuple[Any, ...]:
    return layer.padding, layer.stride, layer.dilation, layer.groups


def _widen_shortcut(block: UnetResBlock) -> None:
    """Give a shortcut from one channel the kernel of the main path, zero but for its centre.

    With one channel and one voxel torch cannot tell the layouts apart, takes the slow one, and
    copies all that was written.
    """
    if not hasattr(block, "conv3") or block.conv3.conv.in_channels != 1:
        return
    narrow, main = block.conv3.conv, block.conv1.conv
    shape = (1, narrow.out_channels, main.kernel_size, main.stride, main.padding)
    wide = skip_init(nn.Conv3d, *shape)  # type: ignore[no-untyped-call]
    wide = wide.to(narrow.weight.device, narrow.weight.dtype)
    z, y, x = (edge // 2 for edge in main.kernel_size)
    with torch.no_grad():
        wide.weight.zero_()
        wide.weight[:, :, z, y, x] = narrow.weight[:, :, 0, 0, 0]
        wide.bias = narrow.bias
    block.conv3.conv = wide.to(memory_format=torch.channels_last_3d)


@cache
def _can_fuse(dtype: torch.dtype) -> bool:
    """Whether the fused operations are there, and give the same as the single ones, in ``dtype``.

    They are those that torch's own compiler calls, which needs a C++ compiler on the machine; they
    are not documented, so that a build without them, or with others, must do without.
    """
    with torch.random.fork_rng(devices=[]):
        layer = nn.Conv3d(16, 16, 3, padding=1).to(dtype)
    layer = layer.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    values, other = (
        torch.linspace(-1, 1, 16 * 4 * 8 * 8)
        .reshape(1, 16, 4, 8, 8)
        .to(dtype)
        .contiguous(memory_format=torch.channels_last_3d)
        for _ in range(2)
    )
    with torch.inference_mode():
        try:
            plain = layer(values)
            rectified = _rectified(layer, values)
            added = _added_and_rectified(layer, values, other.clone())
        except (AttributeError, NotImplementedError, RuntimeError):
            return False
        pairs = (rectified, plain.relu()), (added, (plain + other).relu())
        return all(torch.allclose(*pair, rtol=0.02, atol=0.02) for pair in pairs)
