"""All generated documents, by the path of their file."""

from pathlib import Path

from tests.documents.commands import command_pages, command_table
from tests.documents.picture import render_picture
from tests.documents.settings import settings_page

PROJECT = Path(__file__).parents[2]
COMMANDS_FOLDER = "docs/reference/commands"
PICTURE = "docs/images/terminal.svg"


def generate_pages() -> dict[str, str]:
    """The text of each generated document, by its path in the project."""
    commands = command_pages()
    nav = "".join(f'            "reference/commands/{name}.md",\n' for name in commands)
    return {
        **{f"{COMMANDS_FOLDER}/{name}.md": text for name, text in commands.items()},
        "docs/reference/settings.md": settings_page(),
        PICTURE: render_picture(),
        "README.md": _replace_block(
            "README.md",
            "<!-- commands -->\n",
            command_table("docs/reference/commands/"),
            "<!-- end",
        ),
        "zensical.toml": _replace_block("zensical.toml", '{ "Commands" = [\n', nav, "        ] },"),
    }


def write_pages() -> None:
    """Write the generated documents, and remove pages of commands that are none any more."""
    pages = generate_pages()
    for path in (PROJECT / COMMANDS_FOLDER).glob("*.md"):
        if str(path.relative_to(PROJECT)) not in pages:
            path.unlink()
    for name, text in pages.items():
        (PROJECT / name).parent.mkdir(parents=True, exist_ok=True)
        (PROJECT / name).write_text(text, encoding="utf-8")


def _replace_block(name: str, begin: str, block: str, end: str) -> str:
    """The text of a file with another block between two marks."""
    before, mark, rest = (PROJECT / name).read_text(encoding="utf-8").partition(begin)
    return f"{before}{mark}{block}{end}{rest.partition(end)[2]}"
