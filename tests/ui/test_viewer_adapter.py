"""The adapter on a viewer without a window."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from napari.components import ViewerModel
from napari.layers import Image, Labels, Points

from napari_synapse_debug.domain.grid import Grid
from napari_synapse_debug.ui.names import LayerName
from napari_synapse_debug.ui.palette import POST, PRE
from napari_synapse_debug.ui.placing import placed
from napari_synapse_debug.ui.session import Session
from napari_synapse_debug.ui.viewer_adapter import OBLIQUE, ViewerAdapter
from napari_synapse_debug.ui.volume_layers import in_section, move_section


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def adapter(viewer, session):
    return ViewerAdapter(viewer, session)


@pytest.fixture
def shown(adapter, session, results):
    """The adapter with the small run."""
    session.set_results(results)
    return adapter


def visible(viewer):
    return {layer.name for layer in viewer.layers if layer.visible}


def test_all_layers_lie_on_the_grid_in_nm(shown, viewer, grid):
    assert len(viewer.layers) == 11

    assert {tuple(map(str, layer.units)) for layer in viewer.layers} == {("nanometer",) * 3}
    assert {tuple(layer.scale) for layer in viewer.layers} == {grid.voxel_size_nm}
    assert {tuple(layer.translate) for layer in viewer.layers} == {grid.offset_nm}
    assert {tuple(layer.axis_labels) for layer in viewer.layers} == {("z", "y", "x")}


def test_points_lie_where_the_tables_say(shown, viewer, results):
    points = viewer.layers[str(LayerName.TRUTH)]
    first_cleft = points.data_to_world(points.data[1])

    expected = results.truth[["cleft_z_nm", "cleft_y_nm", "cleft_x_nm"]].iloc[0]
    assert np.allclose(first_cleft, expected)
    assert len(points.data) == 18


def test_a_missed_truth_is_a_ring_and_a_found_one_a_disc(shown, viewer):
    truth = viewer.layers[str(LayerName.TRUTH)]

    assert [str(s) for s in truth.symbol[[0, 3]]] == ["disc", "disc"]
    assert {str(s) for s in truth.symbol[6:]} == {"ring"}
    assert {str(s) for s in viewer.layers[str(LayerName.PREDICTION)].symbol} == {"x"}


def test_truth_is_edged_in_white_and_the_prediction_in_grey(shown, viewer):
    for name, hue in (("truth", "#ffffff"), ("prediction", "#a6a6a6")):
        points, links = viewer.layers[name], viewer.layers[f"{name} links"]
        assert {to_hex(color) for color in points.border_color} == {hue}
        assert {to_hex(color) for color in links.edge_color} == {hue}
        assert (points.border_width > 0).all()


def test_selecting_goes_there_and_lights_up_both_partners(shown, viewer, session, results):
    session.select(103)

    row = session.selected_row()
    at = tuple(row[["cleft_z_nm", "cleft_y_nm", "cleft_x_nm"]])
    assert viewer.dims.point == pytest.approx(at)
    partners = viewer.layers[str(LayerName.PARTNERS)]
    assert (partners.data.pre, partners.data.post) == (7, 33)
    ring = viewer.layers[str(LayerName.FINDING)]
    assert ring.data_to_world(ring.data[1]) == pytest.approx(at)


def test_the_stage_decides_which_layers_show(shown, viewer, session):
    session.select(101)  # segmentation
    assert "P(cleft)" not in visible(viewer)

    session.select(102)  # classifier

    assert {"raw", "P(cleft)", "mask cleft"} <= visible(viewer)
    assert "P(mito)" not in visible(viewer)
    session.select(101)
    assert "mask cleft" not in visible(viewer)


def test_what_the_user_shows_or_hides_stays_so(shown, viewer, session):
    session.select(102)
    viewer.layers["P(cleft)"].visible = False
    viewer.layers["P(mito)"].visible = True

    session.select(103)  # the classifier's stage again

    assert "P(cleft)" not in visible(viewer)
    assert "P(mito)" in visible(viewer)
    shown.showing.reset()
    assert "P(cleft)" in visible(viewer)
    assert "P(mito)" not in visible(viewer)


def test_sides_take_turns(shown, viewer):
    seen = []
    for _ in range(4):
        names = visible(viewer) & {"truth", "prediction", "truth links", "prediction links"}
        seen.append(sorted(names))
        shown.showing.toggle_sides()

    both = ["prediction", "prediction links", "truth", "truth links"]
    assert seen == [both, ["truth", "truth links"], ["prediction", "prediction links"], both]


def test_a_layer_of_the_run_is_never_taken_for_one_of_the_user(adapter, viewer, session, results):
    """Also not by who hears that it was added."""
    seen = []
    viewer.layers.events.inserted.connect(lambda: seen.append(list(adapter.user_layers)))
    session.set_results(results)
    adapter.add_result(Image(np.zeros((4, 5, 6)), name="more"))
    assert len(seen) == len(viewer.layers) > 5
    assert not any(seen)


def test_layers_of_the_user_are_left_alone(adapter, viewer, session, results, results_on):
    mine = viewer.add_layer(Image(np.zeros((4, 5, 6)), name="raw", visible=False))
    points = viewer.add_layer(Points(np.zeros((2, 3)), name="mine"))

    session.set_results(results)
    session.select(102)
    session.set_results(results_on(Grid((6, 30, 50), (40.0, 8.0, 8.0))))
    session.set_results(None)

    assert list(viewer.layers) == [mine, points]
    assert mine.visible is False
    assert adapter.user_layers == [mine, points]


def test_new_results_leave_the_view_where_it_was(shown, viewer, session, results):
    session.select(104)
    viewer.scene.camera.zoom = 0.37
    before = (viewer.dims.point, viewer.scene.camera.center, viewer.scene.camera.zoom)

    session.set_results(results)

    after = (viewer.dims.point, viewer.scene.camera.center, viewer.scene.camera.zoom)
    assert np.allclose(np.hstack(before), np.hstack(after))


def names(viewer):
    return [layer.name for layer in viewer.layers]


@pytest.fixture
def early(results):
    """The run before anything was predicted."""
    volumes = {k: v for k, v in results.volumes.items() if k != "prediction"}
    nothing = dict.fromkeys(("synapses", "matches", "findings"))
    return dataclasses.replace(results, volumes=volumes, **nothing)


def test_new_results_leave_painted_layers_on_top_and_active(
    adapter, viewer, session, early, results, grid
):
    session.set_results(early)
    painted = viewer.add_layer(Labels(np.zeros(grid.shape, np.uint8), name="Labels"))
    before = names(viewer)
    assert (before[0], before[-1]) == ("raw", "Labels")
    assert "P(cleft)" not in before
    painted.mode = "paint"

    session.set_results(results, goes_on=True)

    after = names(viewer)
    assert {"P(cleft)", "prediction"} < set(after)
    assert (after[0], after[-1]) == ("raw", "Labels")
    assert viewer.layers.selection.active is painted
    assert painted.mode == "paint"
    session.set_results(early)
    assert names(viewer) == before


def test_layers_stay_in_the_order_that_the_user_gave_them(shown, viewer, session, results):
    points = viewer.add_layer(Points(np.zeros((2, 3)), name="mine"))
    viewer.layers.move(viewer.layers.index(points), 1)
    viewer.layers.move(viewer.layers.index("truth"), 2)
    before = names(viewer)
    assert before[:3] == ["raw", "mine", "truth"]

    session.set_results(results)

    assert names(viewer) == before


def test_a_selected_layer_of_the_run_is_selected_again(shown, viewer, session, results):
    old = viewer.layers["truth"]
    for chosen in ({"truth"}, {"raw", "truth links"}):
        viewer.layers.selection = {viewer.layers[name] for name in chosen}
        session.set_results(results)
        assert {layer.name for layer in viewer.layers.selection} == chosen
    assert viewer.layers["truth"] is not old
    viewer.layers.selection.active = viewer.layers["truth"]
    session.set_results(results)
    assert viewer.layers.selection.active is viewer.layers["truth"]


def test_a_layer_beside_the_results_does_not_take_the_place_of_the_active_one(shown, viewer):
    mine = viewer.add_layer(Points(np.zeros((2, 3)), name="mine"))
    shown.add_beside(Image(np.zeros((4, 5, 6)), name="more"))
    shown.add_result(Image(np.zeros((4, 5, 6)), name="interface"))
    assert viewer.layers.selection.active is mine


def test_partners_and_circles_that_were_deleted_come_back_with_the_next_error(
    shown, viewer, session
):
    session.select(101)
    before = names(viewer)
    for name in ("partners", "finding"):
        viewer.layers.remove(name)

    session.select(103)

    assert names(viewer) == before
    row = session.selected_row()
    partners, ring = viewer.layers["partners"], viewer.layers["finding"]
    assert (partners.data.pre, partners.data.post) == (7, 33)
    at = tuple(row[["cleft_z_nm", "cleft_y_nm", "cleft_x_nm"]])
    assert ring.data_to_world(ring.data[1]) == pytest.approx(at)
    assert partners.visible
    assert ring.visible


def test_what_was_deleted_else_stays_so_until_it_is_asked_for(shown, viewer, session):
    session.select(102)
    before = names(viewer)
    viewer.layers["P(cleft)"].opacity = 0.3
    for name in ("raw", "P(cleft)", "truth", "finding"):
        viewer.layers.remove(name)
    assert shown.layer("truth") is None
    session.select(103)
    assert set(before) - set(names(viewer)) == {"raw", "P(cleft)", "truth"}
    kept = viewer.layers["segmentation"]

    shown.show_again()

    assert names(viewer) == before
    assert viewer.layers["segmentation"] is kept
    assert viewer.layers["P(cleft)"].visible
    assert viewer.layers["P(cleft)"].opacity == 0.3
    assert shown.layer("truth") is viewer.layers["truth"]


def test_without_any_layer_there_is_nowhere_to_look_and_all_come_back(shown, viewer, session):
    session.select(101)
    before, margin = names(viewer), viewer.dims.margin_left
    viewer.layers.clear()
    assert viewer.dims.ndim == 2
    shown.look(fit=True)

    session.select(103)
    assert names(viewer) == ["partners", "finding"]
    viewer.layers.clear()
    shown.show_again()

    assert names(viewer) == before
    assert viewer.dims.margin_left == pytest.approx(margin)
    at = tuple(session.selected_row()[["cleft_z_nm", "cleft_y_nm", "cleft_x_nm"]])
    assert viewer.dims.point == pytest.approx(at)
    assert viewer.scene.camera.center[1:] == pytest.approx(at[1:])


def test_nothing_is_brought_back_without_results(adapter, viewer):
    adapter.show_again()

    assert not viewer.layers


LOOKS = {
    "raw": {"contrast_limits": [10, 77], "gamma": 0.6, "opacity": 0.9},
    "P(cleft)": {"colormap": "viridis", "blending": "translucent", "contrast_limits": [20, 99]},
    "partners": {"opacity": 0.2},
    "segmentation": {"contour": 2},
    "truth": {"opacity": 0.5},
}


def looks(viewer):
    found = {n: {k: getattr(viewer.layers[n], k) for k in kept} for n, kept in LOOKS.items()}
    found["P(cleft)"]["colormap"] = found["P(cleft)"]["colormap"].name
    return found


def test_what_the_user_changed_of_a_layer_stays(shown, viewer, session, early, results):
    made = looks(viewer)
    for name, kept in LOOKS.items():
        assert all(made[name][key] != value for key, value in kept.items())
        for key, value in kept.items():
            setattr(viewer.layers[name], key, value)
    old = viewer.layers["raw"]

    for shown_next in (results, early, results):  # without a prediction in between, too
        session.set_results(shown_next)
    assert viewer.layers["raw"] is not old
    assert looks(viewer) == LOOKS

    session.set_project(Path("another"))
    session.set_results(results)
    expected = made | {"raw": made["raw"] | {"contrast_limits": [10, 77]}}  # the same array
    assert looks(viewer) == expected


def test_the_contrast_of_other_data_is_their_own(shown, viewer, session, results):
    viewer.layers["raw"].contrast_limits = (10, 77)
    raw = results.volumes["raw"]
    dark = dataclasses.replace(raw, array=raw.array // 4)

    session.set_results(dataclasses.replace(results, volumes=results.volumes | {"raw": dark}))

    low, high = viewer.layers["raw"].contrast_limits
    assert 22 <= low < 25
    assert high == pytest.approx(low + 1.3 * (49 - 22), abs=3)


def test_two_and_three_dimensions_keep_the_place(shown, viewer, session):
    session.select(104)
    place = viewer.dims.point

    shown.toggle_dimensions()
    assert viewer.dims.ndisplay == 3
    assert viewer.scene.camera.center == pytest.approx(place)
    images = [layer for layer in viewer.layers if isinstance(layer, Image)]
    assert len(images) > 1
    for image in images:
        assert image.depiction == "plane"
        assert image.plane.position[0] == pytest.approx(5)
    shown.toggle_dimensions()

    assert viewer.dims.ndisplay == 2
    assert viewer.dims.point == pytest.approx(place)


def test_in_3d_images_show_the_section_where_the_sliders_stood(shown, viewer, session, grid):
    """Without a finding, and images that stay beside the results, too."""
    assert session.selected_row() is None
    for number, section in enumerate((3, 6)):
        viewer.dims.ndisplay = 2
        viewer.dims.point = grid.to_nm([(section, 0, 0)])[0]
        if number == 0:
            shown.add_beside(Image(np.zeros(grid.shape), **in_section(grid), **placed(grid)))
        viewer.dims.ndisplay = 3
        images = [layer for layer in viewer.layers if isinstance(layer, Image)]
        assert [image.plane.position[0] for image in images] == pytest.approx(
            [section] * len(images)
        )


def test_neighbouring_sections_are_shown_whatever_the_voxel_size(shown, viewer, grid):
    z = grid.voxel_size_nm[0]

    assert viewer.dims.margin_left[0] == pytest.approx(2.2 * z)
    assert viewer.layers[str(LayerName.RAW)].projection_mode == "none"


def test_partners_have_their_hues_and_all_else_is_clear(shown, viewer, session):
    session.select(103)

    colors = viewer.layers[str(LayerName.PARTNERS)].colormap.map(np.array([0, 1, 2]))

    assert colors[0, 3] == 0
    hues = ["#" + "".join(f"{round(255 * c):02X}" for c in color[:3]) for color in colors[1:]]
    assert hues == [PRE, POST]


def test_the_oracle_of_a_stage_is_shown_and_hidden(shown, viewer, session):
    session.select(105)  # ground truth
    assert "mask cleft" not in visible(viewer)

    shown.showing.toggle_oracle()

    assert "mask cleft" in visible(viewer)
    shown.showing.toggle_oracle()
    assert "mask cleft" not in visible(viewer)


def test_in_3d_partners_are_no_volume(shown, viewer, session):
    session.select(103)
    assert "partners" in visible(viewer)

    viewer.dims.ndisplay = 3

    assert "partners" not in visible(viewer)


def test_a_kept_preset_is_what_its_stage_shows(shown, viewer, session):
    session.select(102)
    viewer.layers["P(mito)"].visible = True
    shown.showing.keep()
    session.select(101)  # segmentation
    assert "P(mito)" not in visible(viewer)

    session.select(103)  # classifier again

    assert "P(mito)" in visible(viewer)
    shown.showing.restore()
    assert "P(mito)" not in visible(viewer)


def test_a_preset_that_is_kept_in_3d_has_what_shows_in_2d_alone(shown, viewer, session):
    session.select(101)
    before = set(visible(viewer))
    assert "partners" in before
    viewer.dims.ndisplay = 3
    viewer.layers["P(mito)"].visible = True
    shown.showing.keep()

    viewer.dims.ndisplay = 2

    assert set(visible(viewer)) == before | {"P(mito)"}


def test_in_3d_only_the_synapses_around_are_shown_and_from_aside(shown, viewer, session, results):
    session.select(101)
    truth = viewer.layers["truth"]
    assert (truth.face_color[:, 3] == 1).all()
    place = session.selected_row()[["cleft_z_nm", "cleft_y_nm", "cleft_x_nm"]].to_numpy(float)
    far = truth.data.copy()
    far[:3] += (0, 0, 1000)  # 4 µm away
    truth.data = far

    shown.toggle_dimensions()

    distance = np.linalg.norm(results.grid.to_nm(truth.data) - place, axis=1)
    assert truth.face_color[:, 3].tolist() == (distance <= 350).astype(float).tolist()
    assert truth.border_color[:, 3].tolist() == truth.face_color[:, 3].tolist()
    assert not truth.face_color[:3, 3].any()
    assert viewer.scene.camera.angles == pytest.approx(OBLIQUE)
    shown.toggle_dimensions()
    assert (truth.face_color[:, 3] == 1).all()


def test_the_section_of_a_coarser_volume_lies_at_the_same_place():
    image = Image(np.zeros((4, 6, 6)), scale=(80.0, 8.0, 8.0), translate=(40.0, 0.0, -8.0))

    move_section(image, np.array([200.0, 16.0, 24.0]))

    assert image.plane.position == pytest.approx((2, 2, 4))
