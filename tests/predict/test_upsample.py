import torch

from napari_synapse_debug.predict import upsample


def test_a_ramp_is_read_at_the_centres_of_raw_voxels():
    # bins of two voxels have their centres half a voxel off: 0 -> 0.5, 4 -> 2.5, 8 -> 4.5
    binned = torch.tensor([0.0, 4.0, 8.0]).reshape(1, 1, 1, 3)
    wanted = torch.tensor([0.0, 1.0, 3.0, 5.0, 7.0, 8.0])
    torch.testing.assert_close(upsample(binned, (1, 1, 2))[0, 0, 0], wanted)


def test_bins_of_an_odd_size_keep_their_value_at_the_centre():
    binned = torch.tensor([3.0, 6.0]).reshape(1, 2, 1, 1)
    wanted = torch.tensor([3.0, 3.0, 4.0, 5.0, 6.0, 6.0])
    torch.testing.assert_close(upsample(binned, (3, 1, 1))[0, :, 0, 0], wanted)


def test_without_bins_nothing_changes():
    binned = torch.rand(2, 3, 4, 5)
    assert upsample(binned, (1, 1, 1)) is binned


def test_axes_are_kept_apart():
    assert upsample(torch.rand(2, 3, 4, 5), (1, 2, 3)).shape == (2, 3, 8, 15)
