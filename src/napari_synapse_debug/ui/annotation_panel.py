"""The annotated boxes of a project, and a form for one more, painted in the open layers."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible, QElidingLabel

from napari_synapse_debug.domain.errors import InputError
from napari_synapse_debug.domain.grid import Box
from napari_synapse_debug.domain.project import Annotation, ProjectConfig
from napari_synapse_debug.ui.annotation_request import AnnotationRequest, class_choices
from napari_synapse_debug.ui.layer_info import LayerInfo
from napari_synapse_debug.ui.message_line import MessageLine
from napari_synapse_debug.ui.project_request import check_classes
from napari_synapse_debug.ui.scroll_safe import ChoiceBox
from napari_synapse_debug.ui.session import Session

_USES = {"train": "to learn from", "validation": "held out, to choose the best by"}


class AnnotationPanel(QWidget):
    """Lists boxes; emits ``add_requested(request)``, ``forget_requested(box)``, ``box_requested``.

    Parameters
    ----------
    session : Session
        Has the project whose boxes are listed.
    """

    add_requested = Signal(object)
    forget_requested = Signal(str)
    box_requested = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.layers: Sequence[LayerInfo] = ()
        self.classes: dict[str, ChoiceBox] = {}
        self.box, self.use = QLineEdit(), ChoiceBox()
        self.take, self.add = QPushButton("□"), QPushButton("Add box")
        self.has_truth = QCheckBox("The rows of the truth are complete in it")
        self.reason, self.message = QLabel(), MessageLine()
        self._lay_out()
        self.add.clicked.connect(self._add)
        self.take.clicked.connect(self.box_requested)
        self.box.textChanged.connect(self.show_state)
        self.has_truth.toggled.connect(self.show_state)
        for told in (session.results_changed, session.job_changed):
            told.connect(self.show_state)
        session.results_changed.connect(self._show_classes)
        self.show_state()

    def show_layers(self, layers: Sequence[LayerInfo]) -> None:
        """Offer the labels among ``layers``; what was chosen for a name is kept."""
        self.layers = [layer for layer in layers if layer.is_labels]
        self._show_classes()

    def show_box(self, box: Box) -> None:
        """Put ``box`` into the form."""
        self.box.setText(str(box))

    def request(self) -> AnnotationRequest:
        """The box that the form asks for.

        Raises
        ------
        InputError
            There is no box, or nothing was annotated in it.
        """
        text = self.box.text().strip()
        if not text:
            raise InputError("Draw a rectangle in a Shapes layer and press □, or write the box")
        classes = {name: str(box.currentData()) for name, box in self.classes.items()}
        if not any(classes.values()) and not self.has_truth.isChecked():
            raise InputError("Choose the class of a labels layer, or tick the rows of the truth")
        use = str(self.use.currentData())
        asked = AnnotationRequest(Box.parse(text), use, classes, self.has_truth.isChecked())
        check_classes(asked.chosen)
        return asked

    def show_state(self) -> None:
        """List the boxes, and say why none can be added, if so."""
        config = self._config()
        self.setVisible(config is not None)
        if config is None:
            return
        self._list(config.annotated, config)
        if not config.annotated:
            self.fold.expand(animate=False)
        self.has_truth.setVisible(config.truth is not None)
        try:
            self.request()
            blocked = f"{self._session.job.step} is running" if self._session.job.is_running else ""
        except InputError as error:
            blocked = str(error)
        self.add.setEnabled(not blocked)
        self.reason.setText(blocked)

    def _list(self, boxes: Sequence[Annotation], config: ProjectConfig) -> None:
        _empty(self.rows)
        own = Annotation(box=config.train_box) if config.train_box else None
        for row, annotation in enumerate(boxes):
            text = f"{annotation.box} · {_USES[annotation.use]} · {_content(annotation, config)}"
            label = QElidingLabel(text)
            label.setToolTip(text)
            self.rows.addWidget(label, row, 0)
            is_own = own is not None and annotation.box == own.box and row == 0
            if annotation.raw is None and not is_own:
                button = QPushButton("✕")
                button.setToolTip("Take this box out of the training; its masks stay on disk")
                button.clicked.connect(
                    lambda _=False, box=annotation.box: self.forget_requested.emit(box)
                )
                self.rows.addWidget(button, row, 1)
        if not boxes:
            self.rows.addWidget(QLabel("No box is annotated yet."), 0, 0)

    def _show_classes(self) -> None:
        config = self._config()
        before = {name: str(box.currentData()) for name, box in self.classes.items()}
        _empty(self.grid)
        self.classes = {}
        for row, layer in enumerate(self.layers):
            if config is None:
                break
            box = ChoiceBox()
            for value, text in class_choices(config, layer).items():
                box.addItem(text, value)
            box.setCurrentIndex(max(0, box.findData(before.get(layer.name, ""))))
            box.currentIndexChanged.connect(self.show_state)
            self.grid.addWidget(QElidingLabel(layer.name), row, 0)
            self.grid.addWidget(box, row, 1)
            self.classes[layer.name] = box
        self.painted.setVisible(bool(self.classes))
        self.show_state()

    def _config(self) -> ProjectConfig | None:
        results = self._session.results
        return None if results is None or self._session.project is None else results.config

    def _lay_out(self) -> None:
        self.reason.setWordWrap(True)
        for use, text in _USES.items():
            self.use.addItem(text, use)
        self.box.setPlaceholderText("z0:z1,y0:y1,x0:x1")
        self.box.setToolTip("Half-open voxel ranges of the EM image, fully annotated inside")
        self.take.setToolTip("Take the selected rectangle of a Shapes layer")
        self.painted = QLabel("Classes painted in the layers; those not used are ignored:")
        self.painted.setWordWrap(True)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        self.rows, self.grid = QGridLayout(), QGridLayout()
        for grid in (self.rows, self.grid):
            grid.setColumnStretch(0, 1)
        where, end = QHBoxLayout(), QHBoxLayout()
        where.addWidget(self.box, 1)
        where.addWidget(self.take)
        end.addWidget(self.use, 1)
        end.addWidget(self.add)
        column.addLayout(self.rows)
        column.addLayout(where)
        column.addWidget(self.painted)
        column.addLayout(self.grid)
        column.addWidget(self.has_truth)
        column.addLayout(end)
        column.addWidget(self.reason)
        column.addWidget(self.message)
        fold = QCollapsible("Annotated boxes")
        fold.addWidget(body)
        self.fold = fold
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(fold)

    def _add(self) -> None:
        self.message.clear()
        self.add_requested.emit(self.request())


def _content(annotation: Annotation, config: ProjectConfig) -> str:
    names = [mask.name for mask in config.masks_in(annotation)]
    return ", ".join([*names, *(["points"] if annotation.truth else [])]) or "nothing"


def _empty(grid: QGridLayout) -> None:
    while (item := grid.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
