"""Faces between segments joined to pieces in one sweep over a block of labels."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_synapse_debug.contacts.rows import copy_section, flag_row, flagged_places
from napari_synapse_debug.domain.compiled import compiled, is_compiled, kernel, root_of
from napari_synapse_debug.domain.grid import Box, Triple

# What a voxel has to do with the ones before it; see ``flag_row``.
_FACE_Z, _FACE_Y, _FACE_X = 1, 2, 4
_CORNER_X, _CORNER_Y, _CORNER_Z = 8, 16, 32


class Runs(NamedTuple):
    """Faces of a block as runs along x, row by row; a face belongs to its upper voxel.

    Parameters
    ----------
    row_start : (Z * Y + 1,) int64
        The runs of row ``z * Y + y`` are ``row_start[row] : row_start[row + 1]``.
    x : (R,) int32
        Upper voxel of the first face, relative to the block.
    code : (R,) int32
        ``length * 8 + is_up * 4 + axis``; ``is_up``: the smaller id is in the lower voxel.
    piece : (R,) int32
        Connected piece that the faces belong to, from 0 on.
    pieces : int
        Number of pieces.
    """

    row_start: NDArray[np.int64]
    x: NDArray[np.int32]
    code: NDArray[np.int32]
    piece: NDArray[np.int32]
    pieces: int


def connect_faces(labels: NDArray[np.unsignedinteger[Any]], core: Box) -> Runs:
    """The faces whose upper voxel lies in ``core``, joined where they share a lattice edge.

    The voxels of one sheet meet at lattice edges, seen here end on; two faces around an edge
    are one piece if they part the same two segments::

        p │ q        faces p|q, q|s, r|s, p|r; a corner (p alone, q = r = s) joins p|q to p|r
        ──┼──
        r │ s        s is the voxel that the sweep is at, so the four are all known

    Only rows of voxels that differ from a neighbour are looked at: they are found by comparing
    whole rows, and equal stretches are skipped eight voxels at a time.

    Parameters
    ----------
    labels : (z, y, x) uint16, uint32 or uint64
        Ids, 0 is background.
    core : Box
        Part of the array; the voxels before it, where there are any, are lower voxels.
    """
    z, y, x = core.shape
    row_start, xs, code, label, parent = _sweep(labels, core.start, (z, y, x))
    pieces = _number_roots(parent)
    return Runs(row_start, xs, code, parent[label], pieces)


def needs_compiling() -> bool:
    """Whether the first search for contacts on this machine is still to come: it compiles."""
    return not is_compiled(_sweep)


@compiled
def _sweep(
    labels: NDArray[Any], start: Triple, shape: Triple
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    sections, rows, columns = shape
    row_start = np.zeros(sections * rows + 1, np.int64)
    # room for what most tissue needs, so that it seldom is to be copied; unused room is not touched
    room = max(1024, 4 * columns, sections * rows * columns // 8)
    xs, code, label = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32)
    parent = np.empty(room // 4, np.int32)
    # two sections of ids with a row and a column before them, and of the labels of faces; the last
    # row of ``label_x`` stays empty, and stands for the one before the first
    ids = np.zeros((2, rows + 1, columns + 1), labels.dtype)
    label_y = np.full((2, rows, columns), -1, np.int32)
    label_x = np.full((2, rows + 1, columns), -1, np.int32)
    label_z = np.full((2, columns), -1, np.int32)
    flags = np.zeros((columns + 7) // 8 * 8, np.uint8)
    words = flags.view(np.uint64)
    places = np.empty(len(flags) + 8, np.int32)
    used = np.zeros(2, np.int64)  # runs, labels
    if start[0] > 0:
        copy_section(ids[1], labels, start[0] - 1, start)
    for z in range(sections):
        now, before = z % 2, 1 - z % 2
        copy_section(ids[now], labels, start[0] + z, start)
        label_z[:] = -1
        for y in range(rows):
            while used[0] + 3 * columns > len(xs):
                xs, code, label = _longer(xs), _longer(code), _longer(label)
            while used[1] + 3 * columns > len(parent):
                parent = _longer(parent)
            _sweep_row(
                (now, before, y),
                ids,
                (flags, words, places),
                (label_z, label_y, label_x),
                (xs, code, label, parent, used),
            )
            row_start[z * rows + y + 1] = used[0]
    return row_start, xs[: used[0]], code[: used[0]], label[: used[0]], parent[: used[1]]


@kernel
def _sweep_row(at: Any, ids: Any, marks: Any, labels: Any, found: Any) -> None:
    """Label the faces of row ``y`` of a section; ``now`` and ``before`` are places in ``ids``."""
    now, before, y = at
    flags, words, places = marks
    label_z, label_y, label_x = labels
    near = (ids[now, y + 1], ids[before, y + 1], ids[now, y], ids[before, y])
    flag_row(flags, near[0], near[1], near[2], near[3])
    _join_row(
        places[: flagged_places(words, flags, places)],
        flags,
        near,
        (label_z[y % 2], label_z[1 - y % 2]),
        (label_y[now, y], label_y[before, y]),
        (label_x[now, y], label_x[before, y], label_x[now, y - 1]),
        found,
    )


@compiled
def _longer(array: NDArray[Any]) -> NDArray[Any]:
    longer = np.empty(2 * len(array), array.dtype)
    longer[: len(array)] = array
    return longer


@kernel
def _join(parent: NDArray[Any], one: Any, two: Any) -> Any:
    """The label of both, joined; -1 stands for a face of another block, or none yet."""
    if two < 0 or one == two:
        return one
    if one < 0:
        return two
    one, two = root_of(parent, one), root_of(parent, two)
    if one < two:
        parent[two] = one
        return one
    parent[one] = two
    return two


@kernel
def _join_around(parent: NDArray[Any], label: Any, face: Any, others: Any, labels: Any) -> Any:
    """The label of a face, joined with the other faces around one of its lattice edges.

    Parameters
    ----------
    face : tuple of int
        The two segments ``n, s`` of the face.
    others : tuple of int
        The two other voxels at the edge, ``o`` beside n and ``m`` beside s.
    labels : tuple of int
        Labels of the faces n|o, o|m and m|s; -1 where there is none to join.
    """
    n, s = face
    o, m = others
    if o == n and m == s:  # the sheet goes straight on
        return _join(parent, label, labels[1])
    if o == s:
        label = _join(parent, label, labels[0])
        if m == n:
            label = _join(parent, label, labels[1])
    if m == n:
        label = _join(parent, label, labels[2])
    return label


@kernel
def _known(parent: NDArray[Any], used: NDArray[Any], label: Any) -> Any:
    """The label, a new one if there is none yet."""
    if label >= 0:
        return label
    label = used[1]
    parent[label] = label
    used[1] = label + 1
    return label


@kernel
def _add_run(found: Any, x: Any, axis: int, is_up: Any, label: Any) -> Any:
    """Begin a run with one face; its number."""
    xs, code, labels, _, used = found
    run = used[0]
    xs[run], code[run], labels[run] = x, 8 + 4 * is_up + axis, label
    used[0] = run + 1
    return run


@kernel
def _join_row(  # noqa: C901 -- a branch for each kind of face; calls cost a third of the speed
    places: Any, flags: Any, near: Any, labels_z: Any, labels_y: Any, labels_x: Any, found: Any
) -> Any:
    """Label the faces of one row and add their runs to ``found``."""
    here, above, behind, across = near
    z_now, z_behind = labels_z
    y_now, y_above = labels_y
    x_now, x_above, x_behind = labels_x
    _, code, _, parent, used = found
    last_z, last_y = np.int64(-1), np.int64(-1)  # labels of the faces one voxel before
    run_z, run_y = np.int64(0), np.int64(0)  # their runs
    end_z, end_y = np.int64(-1), np.int64(-1)  # and the voxels after these
    for place in places:
        x = np.int64(place)
        flag = flags[x]
        s, q, r, p = here[x + 1], above[x + 1], behind[x + 1], across[x + 1]
        w, v, t = here[x], above[x], behind[x]
        # Most faces are in the middle of a sheet, with no other face near: these are quick.
        if flag == _FACE_Z and end_z == x and (v ^ q) | (w ^ s) | (p ^ q) | (r ^ s) == 0:
            last_z, end_z = _join(parent, last_z, z_behind[x]), x + 1
            z_now[x] = last_z
            code[run_z] += 8
            continue
        if flag == _FACE_Y and end_y == x and (t ^ r) | (w ^ s) | (p ^ r) | (q ^ s) == 0:
            last_y, end_y = _join(parent, last_y, y_above[x]), x + 1
            y_now[x] = last_y
            code[run_y] += 8
            continue
        if flag >= _CORNER_X:
            _join_corners(
                parent, flag, (z_behind[x], last_z, last_y), (y_above[x], x_above[x], x_behind[x])
            )
            if flag & (_FACE_X | _FACE_Y | _FACE_Z) == 0:
                continue
        label_x, label_y = np.int64(-1), np.int64(-1)
        if flag & _FACE_X:
            label_x = _join_around(parent, label_x, (w, s), (v, q), (last_z, x_above[x], -1))
            label_x = _join_around(parent, label_x, (w, s), (t, r), (last_y, x_behind[x], -1))
            label_x = _known(parent, used, label_x)
            x_now[x] = label_x
            _add_run(found, x, 2, w < s, label_x)
        if flag & _FACE_Y:
            around = (x_behind[x], last_y, label_x)
            label_y = _join_around(parent, label_y, (r, s), (t, w), around)
            around = (np.int64(z_behind[x]), np.int64(y_above[x]), np.int64(-1))
            label_y = _join_around(parent, label_y, (r, s), (p, q), around)
            label_y = _known(parent, used, label_y)
            y_now[x] = label_y
            if end_y == x and t == r and w == s:
                code[run_y] += 8
            else:
                run_y = _add_run(found, x, 1, r < s, label_y)
        if flag & _FACE_Z:
            label_z = np.int64(-1)
            around = (np.int64(x_above[x]), last_z, label_x)
            label_z = _join_around(parent, label_z, (q, s), (v, w), around)
            around = (np.int64(y_above[x]), np.int64(z_behind[x]), label_y)
            label_z = _join_around(parent, label_z, (q, s), (p, r), around)
            label_z = _known(parent, used, label_z)
            z_now[x] = label_z
            if end_z == x and v == q and w == s:
                code[run_z] += 8
            else:
                run_z = _add_run(found, x, 0, q < s, label_z)
            last_z, end_z = label_z, x + 1
        if flag & _FACE_Y:
            last_y, end_y = label_y, x + 1


@kernel
def _join_corners(parent: NDArray[Any], flag: int, first: Any, second: Any) -> None:
    """Join the two earlier faces around an edge, where a corner of a segment sticks out."""
    if flag & _CORNER_X and first[0] >= 0:
        _join(parent, first[0], second[0])
    if flag & _CORNER_Y and first[1] >= 0:
        _join(parent, first[1], second[1])
    if flag & _CORNER_Z and first[2] >= 0:
        _join(parent, first[2], second[2])


@compiled
def _number_roots(parent: NDArray[Any]) -> int:
    """Write the number of its piece over each label, from 0 on; how many pieces there are."""
    pieces = 0
    for label in range(len(parent)):
        if parent[label] == label:
            parent[label] = pieces
            pieces += 1
        else:  # joined to a smaller label, which has its number already
            parent[label] = parent[parent[label]]
    return pieces
