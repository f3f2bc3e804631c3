"""Who reads on where each file says so passes every component, and the trainer, and gets to an end.

The last line of a module's docstring says it: Read next: `the file`, and why.
"""

import ast
import re
from itertools import groupby

from sums_to_one.cifar.modules import ROOT
from sums_to_one.tests.judge.components import COMPONENTS, chapter_of, file_of

START, TRAINER = "concepts/activations/sigmoid.py", "cifar/train.py"
OURS = [file for folder in ("concepts", "cifar") for file in sorted((ROOT / folder).rglob("*.py"))]
LAST_LINES = {
    file.relative_to(ROOT).as_posix(): (
        ast.get_docstring(ast.parse(file.read_text())) or ""
    ).rpartition("\n")[2]
    for file in OURS
}
HINTS = {
    file: hint[1]
    for file, line in LAST_LINES.items()
    if (hint := re.fullmatch("Read next: `(.+)`, .+[.]", line))
}
COMPONENT_AT = {
    f"concepts/{chapter}/{file_of(name)}.py": name
    for chapter, names in COMPONENTS.items()
    for name in names
}


def reading_path():
    path = [START]
    while path[-1] in HINTS:
        assert len(path) <= len(HINTS), f"a ring: {path[-1]} leads back to {HINTS[path[-1]]}"
        path.append(HINTS[path[-1]])
    return path


def test_every_hint_names_a_file_that_there_is():
    assert set(HINTS.values()) <= LAST_LINES.keys()


def test_no_hint_is_written_in_any_other_form():
    assert [file for file in OURS if "Read next" in file.read_text()] == [
        ROOT / file for file in LAST_LINES if file in HINTS
    ]


def test_there_is_one_path_and_every_hint_is_on_it():
    assert set(reading_path()[:-1]) == HINTS.keys()


def test_the_path_passes_every_component_chapter_by_chapter():
    passed = [COMPONENT_AT[file] for file in reading_path() if file in COMPONENT_AT]
    assert set(passed) == set(COMPONENT_AT.values())
    assert [chapter for chapter, _ in groupby(passed, chapter_of)] == list(COMPONENTS)


def test_the_path_leads_from_the_components_to_the_trainer_and_to_an_end():
    path = reading_path()
    assert path.index(TRAINER) == 1 + max(map(path.index, COMPONENT_AT))
    assert LAST_LINES[path[-1]].startswith("The reading path ends here")
