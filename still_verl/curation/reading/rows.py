"""A row of an input, read by an adapter."""

from still_verl.curation.reading.chunks import Item
from still_verl.curation.reading.fields import checked
from still_verl.curation.reading.parse import check_text, parse
from still_verl.curation.registries import ADAPTERS
from still_verl.curation.rows import Reject, Row
from still_verl.registry import in_one_line


def read_row(adapter: str, item: Item, file: str, line: int) -> Row:
    """Read one line or row of a file.

    Args:
        adapter: the name of the adapter.
        item: of a chunk.
        file: the label of its file.
        line: where it stands there, from 1.

    Raises:
        Reject: it cannot be read; the message says why.
        ConfigError: there is no such adapter.
    """
    read = ADAPTERS.find(adapter)
    try:
        fields = checked(read(parse(item)), adapter)
    except Reject:
        raise
    except (Exception, SystemExit) as error:  # an adapter of the user's own, or a layout that none of ours foresaw
        raise Reject(f"the adapter {adapter} failed: {in_one_line(error)}"[:300]) from error
    check_text(fields.problem)
    return Row(fields, fields.id or f"{file}:{line}", file)
