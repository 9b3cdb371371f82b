"""The network: a residual 3D U-Net with batch norms that fold into its convolutions."""

from __future__ import annotations

from monai.networks.blocks.dynunet_block import UnetBasicBlock, UnetResBlock
from monai.networks.nets.dynunet import DynUNet
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from napari_synapse_debug.networks.plan import NetworkPlan


def build_network(plan: NetworkPlan) -> nn.Module:
    """An untrained network: (batch, 1, z, y, x) input to (batch, class, z, y, x) logits.

    Input sizes are multiples of ``plan.total_stride``. Batch norm and ReLU, not nnU-Net's
    instance norm and leaky ReLU: they cost nothing once folded, and instance norm makes the
    result depend on the tile.
    """
    return DynUNet(
        spatial_dims=3,
        in_channels=1,
        out_channels=len(plan.classes),
        kernel_size=plan.kernels,
        strides=plan.strides,
        upsample_kernel_size=plan.strides[1:],
        filters=plan.filters,
        norm_name="batch",
        act_name=("relu", {"inplace": True}),
        res_block=True,
    )


def fold_batch_norms(network: nn.Module) -> None:
    """Merge every batch norm of ``network`` into the convolution before it, in place.

    For prediction only: the network is put into evaluation mode, and computes the same.
    """
    network.eval()
    for block in network.modules():
        if not isinstance(block, UnetBasicBlock | UnetResBlock):
            continue
        for number in ("1", "2", "3"):
            norm = getattr(block, f"norm{number}", None)
            if norm is not None:
                holder = getattr(block, f"conv{number}")
                holder.conv = fuse_conv_bn_eval(holder.conv, norm)
                setattr(block, f"norm{number}", nn.Identity())
