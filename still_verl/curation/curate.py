"""Makes a training set: reads, decides in processes, compares the rows with each other, and writes."""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import Any

from still_verl.config_errors import ConfigError
from still_verl.curation import manifest
from still_verl.curation.decisions import Decisions, decisions_of
from still_verl.curation.evaluations import Evaluations, read_evaluations
from still_verl.curation.groups import Groups
from still_verl.curation.labels.known import provenance
from still_verl.curation.lock import only_one
from still_verl.curation.output_folder import check_output, is_another, set_there
from still_verl.curation.outputs import Outputs
from still_verl.curation.own_code import own_code
from still_verl.curation.reading.chunks import Chunk, read_chunks
from still_verl.curation.reading.find import InputFile, find_files
from still_verl.curation.review import write_review
from still_verl.curation.set_files import DROPPED, MANIFEST, REJECTS, REVIEW, TRAIN
from still_verl.curation.settings import CHUNK_ROWS, CurateSettings
from still_verl.curation.store import Store
from still_verl.curation.work import REJECTED, Decided, Worker

WAITING = 3  # chunks in memory for each process
Progress = Callable[[int], None]  # is told the number of rows that were decided since


@dataclass(frozen=True)
class Result:
    """What a curation found: its manifest, and the sentences that a person should read."""

    manifest: dict[str, Any]
    notes: list[str]


def curate(settings: CurateSettings, progress: Progress = lambda _rows: None) -> Result:
    """Make a training set in `settings.output`. After a kill the same call goes on where it was.

    Raises:
        ConfigError: nothing can be read, too much cannot, or the output cannot be written.
    """
    files = find_files("INPUT", settings.inputs)
    evaluations = read_evaluations(settings.against, settings.max_rejects)
    check_output(settings.output, files, evaluations.paths)
    before = set_there(settings.output)
    decisions = Decisions(decisions_of(settings.output, settings.decisions))
    plan = _plan(settings, files, evaluations)
    try:
        with only_one(settings.output):
            result = _curate(settings, files, evaluations, decisions, plan, progress)
    except BrokenProcessPool as error:
        raise ConfigError(
            "a process was killed, perhaps for its memory: the same command goes on; --workers 1 takes less"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"-o {settings.output}: it cannot be written: {error}; what was decided so far is kept"
        ) from error
    if before and is_another(before, result.manifest):
        result.notes.append(f"-o {settings.output}: a set that was made of other rows, or in another way, is replaced")
    return result


def _plan(settings: CurateSettings, files: list[InputFile], evaluations: Evaluations) -> dict[str, Any]:
    """Everything that decides: what was decided by another plan counts no more."""
    plan = {
        "format": manifest.FORMAT,
        "inputs": {file.label: file.sha256() for file in files},
        "against": evaluations.files,
        "settings": manifest.settings_of(settings),
        "labels": provenance(settings.labels) if settings.labels else {},
        "thresholds": manifest.thresholds(),
        "versions": manifest.versions(),
    }
    own = own_code(settings)
    if own:
        plan["own_code"] = own
    return plan


def _curate(
    settings: CurateSettings,
    files: list[InputFile],
    evaluations: Evaluations,
    decisions: Decisions,
    plan: dict[str, Any],
    progress: Progress,
) -> Result:
    store = Store(settings.output, plan)
    _decide_all(settings, files, evaluations, store, progress)
    columns = store.columns()
    if not len(columns):
        raise ConfigError(f"INPUT {', '.join(settings.inputs)}: there is no row")
    with store.records() as records:
        _check_rejects(settings, columns, records)
        groups = Groups(columns, records, decisions.rows_kept(columns, records))
        outputs = Outputs(settings, decisions)
        outputs.write(groups, columns, records)
    written = _manifest(settings, plan, outputs, groups, len(columns), decisions)
    path = settings.output / MANIFEST
    write_review(settings.output, decisions.given)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)
    store.remove()
    return Result(written, _notes(written))


def _decide_all(
    settings: CurateSettings, files: list[InputFile], evaluations: Evaluations, store: Store, progress: Progress
) -> None:
    """Decide about every chunk that is not decided yet."""
    if store.is_whole:
        return
    parts: list[str] = []
    if settings.workers == 1:
        worker = Worker(settings, evaluations.problems)
        for part, chunk in _missing_chunks(files, store, parts):
            store.save(part, worker.decide(chunk))
            progress(len(chunk.items))
    else:
        _in_processes(settings, evaluations, _missing_chunks(files, store, parts), store, progress)
    store.join(parts)


def _missing_chunks(files: list[InputFile], store: Store, parts: list[str]) -> Iterator[tuple[str, Chunk]]:
    """Yield the chunks that are not decided; all that there are is added to `parts`."""
    for number, file in enumerate(files):
        for chunk in read_chunks(file, CHUNK_ROWS):
            part = f"{number:05d}-{chunk.number:07d}"
            parts.append(part)
            if not store.has(part):
                yield part, chunk


_worker: list[Worker] = []  # of this process


def _start_worker(settings: CurateSettings, evaluations: Evaluations) -> None:
    # A killed parent closes no pipe that the other workers hold open, too: each would wait for work for ever.
    Thread(target=_end_with_parent, daemon=True).start()
    _worker[:] = [Worker(settings, evaluations.problems)]


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _decide(chunk: Chunk) -> Decided:
    return _worker[0].decide(chunk)


def _in_processes(
    settings: CurateSettings,
    evaluations: Evaluations,
    chunks: Iterator[tuple[str, Chunk]],
    store: Store,
    progress: Progress,
) -> None:
    waiting: list[tuple[str, Future[Decided]]] = []

    def save_first() -> None:
        part, future = waiting.pop(0)
        decided = future.result()
        store.save(part, decided)
        progress(len(decided.columns))

    # Spawned, because pyarrow and the verifier have threads, which a fork would not have.
    with ProcessPoolExecutor(
        settings.workers, get_context("spawn"), _start_worker, (settings, evaluations)
    ) as processes:
        for part, chunk in chunks:
            waiting.append((part, processes.submit(_decide, chunk)))
            if len(waiting) >= WAITING * settings.workers:
                save_first()
        while waiting:
            save_first()


def _check_rejects(settings: CurateSettings, columns: Any, records: Any) -> None:
    rejected = (columns["state"] == REJECTED).nonzero()[0]
    share = len(rejected) / len(columns)
    if share <= settings.max_rejects:
        return
    first = records.at(columns["offset"][rejected[0]])
    raise ConfigError(
        f"{len(rejected):,} of {len(columns):,} rows cannot be read ({share:.0%}, more than --max-rejects "
        f"{settings.max_rejects}); the first is line {first['line']} of {first['file']}: {first['cause']}"
    )


def _manifest(
    settings: CurateSettings, plan: dict[str, Any], outputs: Outputs, groups: Groups, rows: int, decisions: Decisions
) -> dict[str, Any]:
    counts = dict(outputs.counts)
    if sum(counts.values()) != rows:  # never seen; a row that is lost in silence would be the worst of faults
        raise ConfigError(f"{rows:,} rows were read, and {counts} are not as many: please report it")
    without = {"kept_without_answer": outputs.without_answer} if outputs.without_answer else {}
    return {
        **plan,
        "counts": {"rows": rows, **counts},
        **without,
        "labels": {**plan["labels"], "rows": outputs.read} if plan["labels"] else {},
        "dropped": dict(sorted(outputs.by_filter.items())),
        "kept_by_source": dict(sorted(outputs.by_source.items())),
        "exact_duplicates": groups.exact,
        "groups": len(outputs.groups),
        "decisions": {"given": len(decisions), "used": decisions.used},
        "files": {name: manifest.sha256(settings.output / name) for name in (TRAIN, DROPPED, REJECTS)},
    }


def _notes(written: dict[str, Any]) -> list[str]:
    notes = []
    if not written["counts"]["kept"]:
        notes.append(f"no row is kept: the set is empty; {DROPPED} says why")
    if written["counts"]["rejected"]:
        notes.append(f"{written['counts']['rejected']:,} rows could not be read: see {REJECTS}")
    if written.get("kept_without_answer"):
        notes.append(
            f"{written['kept_without_answer']:,} rows without a right answer were kept, and nothing can score them: "
            "the filter no_answer drops them"
        )
    unused = written["decisions"]["given"] - written["decisions"]["used"]
    if unused > 0:
        notes.append(f"{unused:,} decisions fit no row")
    if written["labels"]:
        notes.append(
            f"--labels: of {written['labels']['rows']:,} rows there was a reading, all others had filters alone"
        )
    if written["labels"].get("rows") == 0:
        notes.append("--labels has no row of this input: give `data label` the same input and adapter")
    for label, of in written["against"].items():
        if of.get("unreadable"):
            notes.append(
                f"--against {label}: {of['unreadable']:,} lines cannot be read, and their problems were not looked "
                f"for; the first is {of['first_unreadable']}"
            )
    if not written["against"]:
        notes.append("nothing was named with --against: the set may have problems of your evaluations")
    notes.append(f"{REVIEW} shows what was decided by likeness: read it, and put its decisions beside it")
    return notes
