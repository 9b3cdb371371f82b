"""Where the manual is, for those who have installed the program and no clone of it."""

_PAGES = "https://github.com/napari-synapse-debug/napari-synapse-debug/blob/main/docs"


def manual_page(name: str) -> str:
    """Address of the page ``name`` of the manual, such as ``errors`` or ``parameters``."""
    return f"{_PAGES}/{name}.md"
