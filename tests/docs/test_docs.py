"""What the documents say is true: pages made from code are current, links and targets exist."""

from __future__ import annotations

import importlib.util
import re
from importlib.metadata import metadata
from pathlib import Path

import pytest

from napari_synapse_debug.domain.manual import manual_page

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("what", ["parameter", "command", "table"])
def test_the_pages_made_from_code_are_current(what: str) -> None:
    path = ROOT / "scripts" / f"make_{what}_docs.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / f"{what}s.md").read_text(encoding="utf-8") == module.page()


def test_messages_point_to_pages_that_exist_where_the_project_says_they_are() -> None:
    urls = [url.split(", ")[1] for url in metadata("napari-synapse-debug").get_all("Project-URL")]
    for name in ("errors", "parameters"):
        repository = manual_page(name).split("/blob/")[0]
        assert repository in urls
        assert (ROOT / "docs" / f"{name}.md").exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    missing = [link for link in local if not (page.parent / link).exists()]
    assert missing == []


def test_the_page_on_pypi_and_the_hub_has_no_link_that_leads_nowhere_there() -> None:
    page = metadata("napari-synapse-debug")["Description"]
    links = re.findall(r"\]\(([^)\s]+)", page)
    assert [link for link in links if "://" not in link] == []
    here = re.findall(r"\]\(([^)\s]+)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(links) == len(here), "the same page, with other links"


def test_every_make_target_that_is_named_exists() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    named = {
        name
        for page in PAGES
        for name in re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)$", page.read_text("utf-8"), re.M)
        for name in name
        if name
    }
    assert named
    assert named <= set(targets)


def test_the_manifest_at_the_root_is_the_one_in_the_package() -> None:
    link = ROOT / "napari.yaml"
    assert link.is_symlink()
    assert link.resolve() == ROOT / "src" / "napari_synapse_debug" / "napari.yaml"
