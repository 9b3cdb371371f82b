"""What training and prediction share: the plan, the network, its input, the device."""

from napari_synapse_debug.networks.devices import (
    NumberFormat,
    choose_device,
    choose_dtype,
    choose_memory_format,
    computes_in,
    format_named,
    has_tiles,
    name_format,
    use_all_cores,
)
from napari_synapse_debug.networks.fusion import fuse_blocks
from napari_synapse_debug.networks.intensity import Intensity, check_finite, measure_intensity
from napari_synapse_debug.networks.kept_memory import memory_kept
from napari_synapse_debug.networks.plan import NetworkPlan, plan_network
from napari_synapse_debug.networks.preprocess import (
    bin_mean,
    mirror_to_multiple,
    prepare_mask,
    prepare_raw,
)
from napari_synapse_debug.networks.resample import (
    needs_resampling,
    resample_grey,
    resample_labels,
    resampled_grid,
)
from napari_synapse_debug.networks.trained import (
    RECORD,
    BestWeights,
    TrainedNetwork,
    TrainingState,
    load_weights,
)
from napari_synapse_debug.networks.unet import build_network, fold_batch_norms

__all__ = [
    "RECORD",
    "BestWeights",
    "Intensity",
    "NetworkPlan",
    "NumberFormat",
    "TrainedNetwork",
    "TrainingState",
    "bin_mean",
    "build_network",
    "check_finite",
    "choose_device",
    "choose_dtype",
    "choose_memory_format",
    "computes_in",
    "fold_batch_norms",
    "format_named",
    "fuse_blocks",
    "has_tiles",
    "load_weights",
    "measure_intensity",
    "memory_kept",
    "mirror_to_multiple",
    "name_format",
    "needs_resampling",
    "plan_network",
    "prepare_mask",
    "prepare_raw",
    "resample_grey",
    "resample_labels",
    "resampled_grid",
    "use_all_cores",
]
