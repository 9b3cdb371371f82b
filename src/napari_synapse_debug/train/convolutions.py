"""3-D convolutions in bfloat16 whose weight gradients are computed section by section.

On some processors torch's weight gradients of 3-D convolutions are wrong in bfloat16, while the
convolutions themselves, the gradients of their input, and the weight gradients of 2-D ones are
right, and several times as fast as in float32::

    kernel        sections of the input           of the result
    section 0     0 1 2 3 4 · ·               ×   1 2 3 4 5 ·
    section 1     0 1 2 3 4 5 ·               ×   0 1 2 3 4 5        each row is the weight
    section 2     · 1 2 3 4 5 ·               ×   0 1 2 3 4 ·        gradient of a 2-D one

With other than multiples of 16 channels 2-D ones are not to be trusted either: layers with such an
input, and transposed ones with such a result, are computed in float32.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from napari_synapse_debug.networks import NetworkPlan, has_tiles

_BACKWARD = torch.ops.aten.convolution_backward
_SPACE = (0, 2, 3, 4)
"""The axes over which the gradient of a bias is summed: batch and zyx."""

_TILE = 16
"""Channels that a processor multiplies at once."""


def are_weight_gradients_wrong(plan: NetworkPlan, device: torch.device, dtype: torch.dtype) -> bool:
    """Whether torch's weight gradients of this network cannot be trusted on ``device``.

    Torch 2.13 and 2.14 get them wrong on the CPU in bfloat16

    - on processors that multiply in tiles: for many sizes they are garbage, or the process
      crashes or hangs;
    - on others for 3 × 3 × 3 convolutions of levels that are just two voxels deep (1e36, inf).
    """
    if device.type != "cpu" or dtype != torch.bfloat16:
        return False
    depth, depths = plan.patch_vx[0], set()
    for stride in plan.strides:
        depth //= stride[0]
        depths.add(depth)
    return 2 in depths or has_tiles()


def mend_weight_gradients(network: nn.Module) -> None:
    """Change the 3-D convolutions of ``network``, plain and transposed, in place.

    Weights, names and results stay; with autocast the gradients of the weights are computed in
    another way. The class of the modules is exchanged, so that modules that are held in two
    places, as in MONAI's ``DynUNet``, stay one.
    """
    changed = {nn.Conv3d: _Convolution, nn.ConvTranspose3d: _TransposedConvolution}
    for module in network.modules():
        if type(module) in changed:
            module.__class__ = changed[type(module)]


class _Convolution(nn.Conv3d):
    def forward(self, input: Tensor) -> Tensor:
        """As of the base class."""
        if self.padding_mode != "zeros" or isinstance(self.padding, str):
            return super().forward(input)
        return _convolve(self, input, self.padding, (0, 0, 0), is_transposed=False)


class _TransposedConvolution(nn.ConvTranspose3d):
    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """As of the base class."""
        if output_size is not None or isinstance(self.padding, str):
            return super().forward(input, output_size)
        return _convolve(self, input, self.padding, self.output_padding, is_transposed=True)


def _convolve(
    layer: nn.Conv3d | nn.ConvTranspose3d,
    values: Tensor,
    padding: tuple[int, ...],
    beyond: tuple[int, ...],
    *,
    is_transposed: bool,
) -> Tensor:
    shape = (layer.stride, padding, layer.dilation, is_transposed, beyond, layer.groups)
    result: Tensor = _Convolve.apply(values, layer.weight, layer.bias, shape)  # type: ignore[no-untyped-call]
    return result


class _Convolve(torch.autograd.Function):
    """``torch.convolution`` with another backward pass for its weight."""

    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.bfloat16)
    def forward(
        ctx: Any, values: Tensor, weight: Tensor, bias: Tensor | None, shape: tuple[Any, ...]
    ) -> Tensor:
        ctx.save_for_backward(values, weight)
        ctx.shape, ctx.has_bias = shape, bias is not None
        return torch.convolution(values, weight, bias, *shape)

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        values, weight = ctx.saved_tensors
        of_values = of_bias = None
        if ctx.needs_input_grad[0]:
            wanted = [True, False, False]
            of_values = _BACKWARD(gradient, values, weight, None, *ctx.shape, wanted)[0]
        of_weight = weight_gradient(gradient, values, weight, ctx.shape)
        if ctx.has_bias:
            of_bias = gradient.float().sum(_SPACE)
        return of_values, of_weight, of_bias, None


def weight_gradient(
    gradient: Tensor, values: Tensor, weight: Tensor, shape: tuple[Any, ...]
) -> Tensor:
    """The gradient of the weight of a 3-D convolution, float32, in the layout of ``weight``.

    Parameters
    ----------
    gradient, values : Tensor
        (batch, channel, z, y, x), of the result and of the input.
    weight : Tensor
        (channel, channel, z, y, x).
    shape : tuple
        Stride, padding, dilation, whether transposed, output padding, groups, as
        ``torch.convolution`` takes them.
    """
    if values.dtype != torch.bfloat16 or not is_right_in_2d(weight, shape):
        exact = (tensor.float() for tensor in (gradient, values, weight))
        found: Tensor = _BACKWARD(*exact, None, *shape, [False, True, False])[1]
        return found
    stride, padding, dilation, is_transposed, beyond, groups = shape
    in_plane = (stride[1:], padding[1:], dilation[1:], is_transposed, beyond[1:], groups)
    # of a transposed one the result is the finer of the two
    coarse, fine = (values, gradient) if is_transposed else (gradient, values)
    result = torch.zeros_like(weight, dtype=torch.float32)
    for section in range(weight.shape[2]):
        kernel = weight[:, :, section].to(torch.bfloat16)
        offset = section * dilation[0] - padding[0]
        which, met = _meeting(coarse.shape[2], fine.shape[2], stride[0], offset)
        for first, second in _as_planes(coarse[:, :, which], fine[:, :, met]):
            pair = (second, first) if is_transposed else (first, second)
            part = _BACKWARD(*pair, kernel, None, *in_plane, [False, True, False])[1]
            result[:, :, section] += part
    return result


def is_right_in_2d(weight: Tensor, shape: tuple[Any, ...]) -> bool:
    """Whether no wrong gradient of 2-D layers with so many channels is known.

    Tried on a processor with AMX, with kernels of 1 to 3, strides of 1 and 2 and planes of 1 × 2
    to 160 × 160: 8,300 layers with multiples of 16 channels in and out, 340 transposed ones, and
    4,900 plain ones from such multiples to fewer; none in groups. ``weight`` and ``shape`` are
    those of ``weight_gradient``.
    """
    *_, is_transposed, _, groups = shape
    made, given = (channels % _TILE == 0 for channels in weight.shape[:2])
    return groups == 1 and given and (made or not is_transposed)


def _meeting(coarse: int, fine: int, step: int, offset: int) -> tuple[slice, slice]:
    """The sections i of ``coarse`` ones for which i * step + offset is one of ``fine`` ones."""
    first = max(0, -(offset // step))
    last = max(first, min(coarse, (fine - 1 - offset) // step + 1))
    start = first * step + offset
    return slice(first, last), slice(start, start + (last - first) * step, step)


def _as_planes(first: Tensor, second: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """The same volumes as batches of planes, (plane, channel, y, x), without a copy if possible.

    In one piece where all sections are taken; else each volume of the batch by itself.
    """
    volumes = zip(torch.split(first, 1), torch.split(second, 1), strict=True)
    is_whole = all(part.permute(0, 2, 3, 4, 1).is_contiguous() for part in (first, second))
    for pair in [(first, second)] if is_whole else volumes:
        one, two = (part.transpose(1, 2).flatten(0, 1) for part in pair)
        if len(one):
            yield one, two
