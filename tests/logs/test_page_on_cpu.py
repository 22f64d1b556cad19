"""The page about formats says what the registry says; `python tests/logs/test_page_on_cpu.py` renews it."""

from pathlib import Path

from still_verl.logs.registries import FORMATS

PAGE = Path(__file__).parents[2] / "docs" / "diagnose.md"
START, END = "<!-- made from the code -->\n", "<!-- end -->"


def table() -> str:
    lines = ["| name | what | files |", "|---|---|---|"]
    for name in FORMATS:
        found = FORMATS.find(name)
        files = ", ".join(f"`{pattern}`" for pattern in found.patterns)
        lines.append(f"| `{name}` | {found.title} | {files} |")
    return "\n".join(lines) + "\n"


def renewed() -> str:
    text = PAGE.read_text()
    return text[: text.index(START) + len(START)] + table() + text[text.index(END) :]


def test_the_page_lists_every_format() -> None:
    assert PAGE.read_text() == renewed(), f"renew it: python {__file__}"


if __name__ == "__main__":
    PAGE.write_text(renewed())
