"""Convolutions in bfloat16 with their weight gradients in float32.

On some processors torch's gradients of weights are wrong in bfloat16, while the convolutions
themselves and the gradients of their input are right, and several times as fast as in float32.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from napari_synapse_debug.networks import NetworkPlan, has_tiles

_BACKWARD = torch.ops.aten.convolution_backward
_SPACE = (0, 2, 3, 4)
"""The axes over which the gradient of a bias is summed: batch and zyx."""


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


def compute_weight_gradients_in_float32(network: nn.Module) -> None:
    """Change the 3-D convolutions of ``network``, plain and transposed, in place.

    Weights, names and results stay; with autocast only the two gradients are computed in different
    formats. The class of the modules is exchanged, so that modules that are held in two places, as
    in MONAI's ``DynUNet``, stay one.
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
    """``torch.convolution`` with a backward pass in two formats."""

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
        exact = (tensor.float() for tensor in (gradient, values, weight))
        of_weight = _BACKWARD(*exact, None, *ctx.shape, [False, True, False])[1]
        if ctx.has_bias:
            of_bias = gradient.float().sum(_SPACE)
        return of_values, of_weight, of_bias, None
