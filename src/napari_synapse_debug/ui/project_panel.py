"""Open a project, or make one: which layer plays which role, voxel size, truth and boxes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from napari_synapse_debug.domain.errors import InputError, SynapseDebugError
from napari_synapse_debug.domain.grid import Box, TripleNm
from napari_synapse_debug.ui.editors import Bounds, TripleEditor
from napari_synapse_debug.ui.layer_info import LayerInfo
from napari_synapse_debug.ui.message_line import MessageLine
from napari_synapse_debug.ui.names import SAMPLE_MENU
from napari_synapse_debug.ui.project_request import (
    RAW,
    USES,
    ProjectRequest,
    check_classes,
    guess_use,
    mask_classes,
)
from napari_synapse_debug.ui.scroll_safe import ChoiceBox
from napari_synapse_debug.ui.session import PROJECT, Session

_NO_LAYERS = f"Open a volume (File › Open), or {SAMPLE_MENU}."


class ProjectPanel(QWidget):
    """The form of a project; emits ``open_requested``, ``create_requested``, ``box_requested``."""

    open_requested = Signal(object)
    create_requested = Signal(object)
    box_requested = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.layers: Sequence[LayerInfo] = ()
        self.uses: dict[str, ChoiceBox] = {}
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.current, self.message = QLabel(), MessageLine()
        self.current.setWordWrap(True)
        self.current.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.open, self.unpack = QPushButton("Open project …"), QPushButton("Open package …")
        self.unpack.setToolTip("A work package that came as a zip; it is unpacked beside it")
        self.create = QPushButton("Create project")
        self.reason = QLabel()
        self.reason.setWordWrap(True)
        self.folder, self.truth = QLineEdit(), QLineEdit()
        self.voxel_size = TripleEditor(Bounds(1e-9, 1e9), "nm", is_whole=False)
        self.voxel_size.set_value((1.0, 1.0, 1.0))
        self._sized_by: tuple[str, TripleNm] | None = None
        self.boxes = {"train": QLineEdit(), "eval": QLineEdit()}
        self._lay_out()
        self.open.clicked.connect(self._choose_project)
        self.unpack.clicked.connect(self._choose_package)
        self.create.clicked.connect(self._create)
        for line in (self.folder, self.truth, *self.boxes.values()):
            line.textChanged.connect(self.show_state)
        for told in (session.project_changed, session.results_changed, session.job_changed):
            told.connect(self.show_state)
        self.show_layers(())

    def show_layers(self, layers: Sequence[LayerInfo]) -> None:
        """List ``layers`` with their uses; what was chosen for a name is kept."""
        before = {name: str(box.currentData()) for name, box in self.uses.items()}
        while (item := self.grid.takeAt(0)) is not None:
            item.widget().deleteLater()
        self.layers, self.uses = layers, {}
        for row, layer in enumerate(layers):
            name, box = QElidingLabel(layer.name), ChoiceBox()
            name.setToolTip(f"{layer.name}\n{_origin(layer)}")
            for use, text in USES.items():
                box.addItem(text, use)
            box.setCurrentIndex(box.findData(before.get(layer.name, guess_use(layer))))
            box.currentIndexChanged.connect(self._use_chosen)
            self.grid.addWidget(name, row, 0)
            self.grid.addWidget(box, row, 1)
            self.uses[layer.name] = box
        self._use_chosen()

    def show_box(self, which: str, box: Box) -> None:
        """Show ``box`` as the ``train`` or ``eval`` box."""
        self.boxes[which].setText(str(box))

    def show_error(self, error: SynapseDebugError) -> None:
        """Show what is wrong and what to do."""
        self.message.show_error(error)

    def show_state(self) -> None:
        """Show which project is open, and why none can be created, if so."""
        project = self._session.project
        self.current.setText(
            f"Open: <b>{project}</b>{self._contents()}" if project else "No project is open."
        )
        job = self._session.job
        if job.step == PROJECT:
            self.message.show_text(job.message, job.details)
        if job.is_running:
            self.create.setEnabled(False)
            self.reason.setText(f"{job.step} is running")
            return
        try:
            self.request()
        except InputError as error:
            self.create.setEnabled(False)
            self.reason.setText(str(error))
        else:
            self.create.setEnabled(True)
            self.reason.setText("")

    def request(self) -> ProjectRequest:
        """The project that the form asks for.

        Raises
        ------
        InputError
            Something is missing, or a box cannot be read.
        """
        uses = {name: str(box.currentData()) for name, box in self.uses.items()}
        if RAW not in uses.values():
            raise InputError(
                _NO_LAYERS if not uses else f"Choose the layer that is the {USES[RAW]}"
            )
        check_classes(mask_classes(uses))
        if not self.folder.text().strip():
            raise InputError("Choose the folder for the new project")
        boxes = {key: line.text().strip() for key, line in self.boxes.items()}
        z, y, x = self.voxel_size.value()
        return ProjectRequest(
            folder=Path(self.folder.text().strip()).expanduser(),
            uses=uses,
            truth=self.truth.text().strip() or None,
            train_box=Box.parse(boxes["train"]) if boxes["train"] else None,
            eval_box=Box.parse(boxes["eval"]) if boxes["eval"] else None,
            voxel_size_nm=(z, y, x),
        )

    def _lay_out(self) -> None:
        layers, rest = QGroupBox(), QFormLayout()
        self.grid = QGridLayout(layers)
        self.grid.setColumnStretch(0, 1)
        rest.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rest.addRow("Voxel size [nm]", self.voxel_size)
        rest.addRow("Truth", _with_button(self.truth, "…", self._choose_truth))
        for key, title in (("train", "Training box"), ("eval", "Evaluation box")):
            line = self.boxes[key]
            line.setPlaceholderText("z0:z1,y0:y1,x0:x1")
            line.setToolTip("Half-open voxel ranges of the EM image; empty: none")
            button = _with_button(line, "□", lambda _=False, k=key: self.box_requested.emit(k))
            rest.addRow(title, button)
        rest.addRow("Folder", _with_button(self.folder, "…", self._choose_folder))
        self.truth.setPlaceholderText("CSV or Parquet of 3-point synapses")
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.addWidget(self.current)
        opening = QHBoxLayout()
        opening.addWidget(self.open)
        opening.addWidget(self.unpack)
        column.addLayout(opening)
        column.addWidget(QLabel("<b>New project from the open layers</b>"))
        column.addWidget(layers)
        column.addLayout(rest)
        column.addWidget(self.create)
        column.addWidget(self.reason)
        column.addWidget(self.message)
        column.addStretch(1)

    def _contents(self) -> str:
        """What the open project is made of, one line each."""
        results = self._session.results
        if results is None:
            return ""
        config = results.config
        size = " × ".join(f"{edge:g}" for edge in config.voxel_size_nm)
        shape = " × ".join(f"{n:,}" for n in results.grid.shape)
        lines = [f"{shape} voxels of {size} nm (z, y, x)"]
        lines += [f"learns {', '.join(c.name for c in config.classes)}"] if config.classes else []
        lines += [f"training box {config.train_box}"] if config.train_box else []
        lines += [f"evaluation box {config.eval_box}"] if config.eval_box else []
        return "<br>" + "<br>".join(lines)

    def _use_chosen(self) -> None:
        """Take the voxel size of the EM image, once: what is typed after that stays."""
        raw = [x for x in self.layers if self.uses[x.name].currentData() == RAW]
        sized_by = (raw[0].name, raw[0].grid.voxel_size_nm) if raw else None
        if sized_by is not None and sized_by != self._sized_by:
            self.voxel_size.set_value(sized_by[1])
        self._sized_by = sized_by
        self.show_state()

    def _create(self) -> None:
        self.message.clear()
        self.create_requested.emit(self.request())

    def _choose_project(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Open project")
        if folder:
            self.message.clear()
            self.open_requested.emit(Path(folder))

    def _choose_package(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self, "Open a work package", "", "Packages (*.zip)")
        if file:
            self.message.clear()
            self.open_requested.emit(Path(file))

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the new project")
        if folder:
            self.folder.setText(folder)

    def _choose_truth(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self, "Truth", "", "Tables (*.csv *.parquet)")
        if file:
            self.truth.setText(file)


def _origin(layer: LayerInfo) -> str:
    if layer.source is None:
        return "in memory: saved with the project"
    return f"{layer.source}\nstays there; saved with the project if it differs from this file"


def _with_button(line: QLineEdit, text: str, action: Callable[..., None]) -> QWidget:
    both = QWidget()
    row = QHBoxLayout(both)
    row.setContentsMargins(0, 0, 0, 0)
    button = QPushButton(text)
    button.setToolTip("Take the selected rectangle" if text == "□" else "Choose")
    button.clicked.connect(action)
    row.addWidget(line, 1)
    row.addWidget(button)
    return both
