"""Draw problems of public sets for readers to label, as `filter_labels.py` needs them.

    python benchmarks/filter_rows.py CLONES -o DIR
    python benchmarks/filter_rows.py CLONES -o DIR --of benchmarks/filter_labels/unseen/reader_1.jsonl

CLONES has a git clone of each repository of `SETS`, under the last part of its name. DIR gets `rows.json` (for
`filter_labels.py DIR/rows.json`) and `texts.txt`, which is all that a reader is shown: no id, no set, nothing that a
filter says. No row is there that was labelled before, or that somebody looked at who wrote the rubric or a filter
(`filter_labels/seen.txt`).

For each filter that judges a problem up to 100 rows are drawn that it drops, and 20 that it leaves though a wide search
finds its words, equally many of each set; then 200 that no filter drops. The commits are fixed, so the same rows come
out while the filters are the same. The rows that were labelled are told by their ids: `--of` writes those of a file.
"""

import argparse
import json
import random
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from still_verl.curation.labels.label import asked_text
from still_verl.curation.labels.rubric import BY_READING
from still_verl.curation.registries import FILTERS
from still_verl.curation.rows import Fields, Row

LABELS = Path(__file__).with_name("filter_labels")
LABELED = (LABELS, LABELS / "three")  # lots of rows
DROPPED = 100  # rows that a filter drops
WITH_WORDS = 20  # rows that it leaves though its words are there
RARE = {"several_answers": 60}  # next to nothing has it, and no filter finds it
KEPT = 200  # rows that no filter drops
LONGEST = 2500  # characters of a problem
SEED = 20261129
CNXML = "{http://cnx.rice.edu/cnxml}"
BOOKS = "openstax/osbooks-"
QWEN = "QwenLM/Qwen2.5-Math"
COMMITS = {
    QWEN: "a45202bd16f1ec06f433442dc1152d0074773465",
    "TIGER-AI-Lab/TheoremQA": "acfc9686aa9b49f3c8f189364a9a9ee9c53da039",
    "mathllm/MATH-V": "a1f5cc3add200c0cd080fad463e500f44ef1fb41",
    "ruixiangcui/AGIEval": "5c77d073fda993f1652eaae3cf5d04cc5fd21d40",
    "zhangir-azerbayev/ProofNet": "509ad79710ed4f46ff5c282ed5640c1aa9ac3f30",
    "facebookresearch/miniF2F": "e4f113090ad82d64f8ce064d2f55b613a9b6bded",
    "trishullab/PutnamBench": "3c9b9268ebd132d482938b8e9d242dd71fc1ebc0",
    f"{BOOKS}astronomy": "dff6acf8df597ceda73985308f838ed38417a606",
    f"{BOOKS}chemistry-bundle": "3be4b60ff501f29a445f0cacf003e5f5cc16244d",
    f"{BOOKS}college-physics-bundle": "fd1b25dfd5d8c6580c6e2b2b34a19e29cc69ada9",
    f"{BOOKS}contemporary-mathematics": "6458acc5d4537aecaf2639ef787a65c8e548fed0",
    f"{BOOKS}microbiology": "f1d8d4e9941417f25610a239045c35488d56cf22",
    f"{BOOKS}physics": "ff78c7a8150fdda5ed1f786ac59ac25cdd532ef0",
    f"{BOOKS}principles-economics-bundle": "cd31beb103fffbc09cc81ebfe117d8c40cc12d1a",
    f"{BOOKS}statistics": "ee0efc177a01145d28d9429fc309e331fab9c566",
    f"{BOOKS}introductory-statistics-bundle": "1f6a35825395bb4aa2834cf1eca37512655f920c",
    f"{BOOKS}university-physics-bundle": "d0ed34a5851119a42e3d972dfc0ff49e4663977c",
}
# What a problem with the label, or its answer, may say: searched more widely than the filters do.
WORDS = {
    "several_answers": r"(?s)(?:how (?:many|much)|the (?:value|number|area)).*"
    r"ANSWER\n[^\n]*\d[^\n]*(?:,| or | and |;)[^\n]*\d",
    "answer_given": r"show that|prove that|verify|answer is|show it is",
    "multiple_choice": r"which of|\(A\)|\bA\)|choose|select",
    "proof": r"prove|show that|justify|verify",
    "several_parts": r"\(a\)|\(i\)|\b1\)|respectively|\band (?:find|what|how)|\? .*\?",
    "open_ended": r"explain|describe|draw|sketch|example|construct|discuss|why|suggest|compare",
    "missing_picture": r"figure|diagram|graph|shown|table|picture|\bmap\b|chart|image|drawn",
    "incomplete": r"above|previous|passage|following|problem \d|exercise|part \(",
}


@dataclass(frozen=True)
class Set:
    """A file of rows, one JSON object a line (or one list), and the names of its columns.

    What is in the column `context` stands before the problem.
    """

    name: str
    repository: str
    path: str
    problem: str = "question"
    answer: str = "answer"
    options: str = ""
    context: str = ""


SETS = [
    *(
        Set(name, QWEN, f"evaluation/data/{path}/test.jsonl", problem, answer)
        for name, path, problem, answer in (
            ("college", "college_math", "question", "answer"),
            ("carp", "carp_en", "content", "answer"),
            ("gaokao", "gaokao2023en", "question", "answer"),
            ("olympiad", "olympiadbench", "question", "final_answer"),
            ("minerva", "minerva_math", "problem", "solution"),
            ("gsm8k", "gsm8k", "question", "answer"),
        )
    ),
    Set("mmlu", QWEN, "evaluation/data/mmlu_stem/test.jsonl", options="choices"),
    Set("mmlu_noopts", QWEN, "evaluation/data/mmlu_stem/test.jsonl"),
    Set("aqua", QWEN, "evaluation/data/aqua/test.jsonl", answer="correct", options="options"),
    Set("asdiv", QWEN, "evaluation/data/asdiv/test.jsonl", context="body"),
    Set("svamp", QWEN, "evaluation/data/svamp/test.jsonl", "Question", "Answer", context="Body"),
    Set("mawps", QWEN, "evaluation/data/mawps/test.jsonl", "input", "target"),
    Set("theoremqa", "TIGER-AI-Lab/TheoremQA", "theoremqa_test.json", "Question", "Answer"),
    Set("mathv", "mathllm/MATH-V", "data/test.jsonl", options="options"),
    Set("proofnet", "zhangir-azerbayev/ProofNet", "benchmark/test.jsonl", "nl_statement", "none"),
    Set("saten", "ruixiangcui/AGIEval", "data/v1/sat-en-without-passage.jsonl", answer="label"),
    Set("satmath", "ruixiangcui/AGIEval", "data/v1/sat-math.jsonl", answer="label", options="options"),
    Set("logiqa", "ruixiangcui/AGIEval", "data/v1/logiqa-en.jsonl", answer="label", options="options"),
    Set("lsatar", "ruixiangcui/AGIEval", "data/v1/lsat-ar.jsonl", answer="label", options="options", context="passage"),
    Set("lsatlr", "ruixiangcui/AGIEval", "data/v1/lsat-lr.jsonl", answer="label", options="options", context="passage"),
]


def shown(clones: Path, repository: str, path: str) -> str:
    """Return a file of a repository, as it was at the commit."""
    clone = clones / repository.rpartition("/")[2]
    command = ["git", "-C", str(clone), "show", f"{COMMITS[repository]}:{path}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def set_rows(clones: Path, source: Set) -> Iterator[Row]:
    """Read the rows of a set, with their options, if they have any, behind the problem."""
    text = shown(clones, source.repository, source.path)
    items = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
    for number, item in enumerate(items):
        context = str(item.get(source.context) or "") if source.context else ""
        problem = f"{context} {item.get(source.problem) or ''}".strip()
        options = item.get(source.options) if source.options else None
        answer = item.get(source.answer)
        if isinstance(answer, list):
            answer = ", ".join(map(str, answer))
        if source.name.startswith("mmlu") and answer is not None:
            answer = "ABCD"[int(answer)]
        yield Row(Fields(problem=with_options(problem, options), answer=answer), f"{source.name}-{number}", source.name)


def with_options(problem: str, options: Sequence[str] | None) -> str:
    """Write options behind a problem, with letters if they have none."""
    if not options or options == list("ABCDE")[: len(options)]:
        return problem
    lettered = [re.match(r"\(?[A-E]\)", option) is not None for option in options]
    if all(lettered):
        return f"{problem}\n" + "\n".join(options)
    return f"{problem}\n" + "\n".join(
        f"({letter}) {option}" for letter, option in zip("ABCDEFGH", options, strict=False)
    )


def proof_rows(clones: Path) -> Iterator[Row]:
    """Read problems for provers, which hold their answers: "Show that it is 5."."""
    for item in json.loads(shown(clones, "trishullab/PutnamBench", "informal/putnam.json")):
        solution = item["informal_solution"]
        problem = item["informal_statement"] + (f" {solution}" if solution != "None." else "")
        yield Row(Fields(problem=problem, answer=after_show_that(problem)), item["problem_name"], "putnam")
    for path in listed(clones, "facebookresearch/miniF2F", "informal"):
        item = json.loads(shown(clones, "facebookresearch/miniF2F", path))
        problem = item["informal_statement"]
        yield Row(Fields(problem=problem, answer=after_show_that(problem)), item["problem_name"], "minif2f")


def after_show_that(problem: str) -> str | None:
    """Return what is to be shown, where that is an answer."""
    found = re.search(r"Show that (?:it|the answer) (?:is|equals) (.*?)\.?$", problem)
    return found and found.group(1)


def listed(clones: Path, repository: str, folder: str) -> list[str]:
    """List the files in a folder of a repository."""
    clone = clones / repository.rpartition("/")[2]
    command = ["git", "-C", str(clone), "ls-tree", "-r", "--name-only", COMMITS[repository], folder]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def book_rows(clones: Path, repository: str) -> Iterator[Row]:
    """Read the exercises of a textbook whose formulas are written in a line; their pictures are not in the text."""
    for path in listed(clones, repository, "modules"):
        if not path.endswith("index.cnxml"):
            continue
        for number, exercise in enumerate(
            ElementTree.fromstring(shown(clones, repository, path)).iter(f"{CNXML}exercise")
        ):
            problem = in_a_line(exercise.find(f"{CNXML}problem"))
            answer = in_a_line(exercise.find(f"{CNXML}solution"))
            module = path.split("/")[1]
            if problem:
                yield Row(Fields(problem=problem, answer=answer or None), f"{module}-{number}", repository)


def in_a_line(element: ElementTree.Element | None) -> str:
    """Return the text of an element; "" where a formula needs more than a line."""
    if element is None or any(each.tag.endswith(("mfrac", "msup", "mtable", "msqrt")) for each in element.iter()):
        return ""
    for link in element.iter(f"{CNXML}link"):
        link.text = link.text or "[link]"
    return " ".join("".join(element.itertext()).split())


def first_filter(row: Row, names: Iterable[str]) -> str:
    """Name the first of some filters that a row falls to; "" for none."""
    return next((name for name in names if FILTERS.find(name)(row)), "")


def drawn(rows: Iterable[Row], seed: int) -> list[Row]:
    """Choose rows, and mix them."""
    dice = random.Random(seed)
    mixed = list(rows)
    dice.shuffle(mixed)
    falls_to = {row.id: first_filter(row, BY_READING) for row in mixed}
    chosen: dict[str, Row] = {}
    for name, words in WORDS.items():
        dropped = [row for row in mixed if falls_to[row.id] == name]
        with_words = [row for row in mixed if falls_to[row.id] != name and re.search(words, asked_text(row), re.I)]
        take(chosen, dropped, DROPPED)
        take(chosen, with_words, RARE.get(name, WITH_WORDS))
    take(chosen, [row for row in mixed if not first_filter(row, FILTERS)], KEPT)
    found = list(chosen.values())
    dice.shuffle(found)
    return found


def take(chosen: dict[str, Row], rows: Sequence[Row], count: int) -> None:
    """Add rows that are not there yet, of each set in turn."""
    by_set: Mapping[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.id not in chosen:
            by_set[row.file].append(row)
    wanted = min(count, sum(map(len, by_set.values())))
    while wanted > 0:
        for left in by_set.values():
            if left and wanted > 0:
                row = left.pop()
                chosen[row.id] = row
                wanted -= 1


def labelled_before() -> set[str]:
    """Return the ids of rows that readers, or the writer of the rubric, have seen."""
    seen = set((LABELS / "seen.txt").read_text().split())
    for lot in LABELED:
        seen.update(ids_in(lot / "reader_1.jsonl"))
    return seen


def ids_in(file: Path) -> list[str]:
    """Return the ids of the rows of a file of labels."""
    return [json.loads(line)["id"] for line in file.read_text().splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clones", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--of", type=Path, metavar="LABELS", help="the rows of these labels, in their order")
    options = parser.parse_args()
    rows = [row for source in SETS for row in set_rows(options.clones, source)]
    rows.extend(proof_rows(options.clones))
    for repository in COMMITS:
        if repository.startswith(BOOKS):
            rows.extend(book_rows(options.clones, repository))
    if options.of:
        by_id = {row.id: row for row in rows}
        found = [by_id[name] for name in ids_in(options.of)]
    else:
        before = labelled_before()
        fitting = [row for row in rows if row.problem.strip() and len(row.problem) <= LONGEST and row.id not in before]
        found = drawn(fitting, SEED)
    options.output.mkdir(parents=True, exist_ok=True)
    listed = [{"id": row.id, "problem": row.problem, "answer": row.fields.answer} for row in found]
    (options.output / "rows.json").write_text(json.dumps(listed, indent=1))
    texts = [f"=== {number}\n{asked_text(row)}\n" for number, row in enumerate(found, 1)]
    (options.output / "texts.txt").write_text("\n".join(texts))
    print(f"{len(found)} of {len(rows)} rows")


if __name__ == "__main__":
    main()
