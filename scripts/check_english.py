"""Find phrases in comments, docstrings, messages and pages that a native engineer would not write.

Prints one line per phrase, with what to write instead, and ends with status 1 if there is one. A regular expression
sees only part of what makes a text hard to read; the rest needs a reader.
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Files and folders that are checked if none is named.
CHECKED = (
    "airflow_provider_dysms",
    "example_dags",
    "benchmarks",
    "scripts",
    "tests",
    "docs",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
)

_THINGS = "requests|messages|times|rows|records|calls|bytes|lines|queries|tasks|bits|responses|MB|MiB|KiB"
_UNITS = "second|minute|hour|day|week|month|task|page|line|message|row|request|run|number|file|process|record"

#: phrase, also at the beginning of a sentence -> what to write instead
PATTERNS: dict[str, str] = {
    r"\bis no\b|(?<![Tt]here )\b(?:are|was|were) no (?!longer|more\b|sooner)": "is not a, is missing, does not exist",
    r"\bwhoever\b|\bwhomever\b|\bwhosoever\b": "name the thing, then say which one",
    r"\bwhose \w+ is none\b": "that has no",
    r"\bso (?:long|many|much|few|often) \((?:s|ms|KiB|MiB|bytes)\)": "say what is measured: 'seconds between ...'",
    r"\b(?:so many|so few)\b(?! (?:\w+ )?(?:that|as)\b)": "the number of, or the number itself",
    r"\bwhere (?:it|there|they|this|that|one|none|nobody|he|she|these|those) (?:is|are|was|were|has|have|does|do)\b": (
        "'if' or 'when' for a condition"
    ),
    rf"\b(?:{_THINGS}|\d+ %|\d) (?:a|an) (?:{_UNITS})\b": "per",
    r"\bin vain\b": "without success",
    r"\bmend(?:s|ed|ing)?\b": "fix, or repair",
    r"\bborne\b": "tolerated, or allowed",
    r"\bbesides?\b": "next to, in addition to, apart from",
    r"\bto be had\b": "available",
    r"\bleft aside\b": "ignored",
    r"\bas (?:it is|they are)\b": "unchanged",
    r"\bhitherto\b|\bwhence\b|\bthereof\b|\btherein\b|\blest\b": "a word of this century",
    r"(?-i:\b(?:MOST|LONGEST|SHORTEST|LARGEST|SMALLEST)_[A-Z])": "MAX_ or MIN_",
}

#: A docstring that begins so puts the clause before the noun.
_HEADLESS = re.compile(r'^[rbf]*"""(?:What|Who|Whoever) \w')

#: (end of the path, phrase) -> why it may stay.
EXCEPTIONS: dict[tuple[str, str], str] = {
    ("scripts/check_english.py", ""): "names the phrases",
    ("tests/test_check_english.py", ""): "has them as its cases",
}

_COMPILED = {re.compile(pattern, re.IGNORECASE): advice for pattern, advice in PATTERNS.items()}


def find_phrases(text: str) -> Iterator[tuple[int, str, str]]:
    """Find phrases in prose.

    :returns: for each, the index of its line from 0, the phrase, and what to write instead
    """
    joined = re.sub(r"[ \t]*\n[ \t]*(?:#:? )?", "\n", text)  # a phrase may go on in the next line
    flat = joined.replace("\n", " ")
    for pattern, advice in _COMPILED.items():
        for match in pattern.finditer(flat):
            yield joined.count("\n", 0, match.start()), match[0], advice
    if match := _HEADLESS.match(text):
        yield 0, match[0], "begin with a noun: 'The credentials that ...'"


def prose_of(path: Path) -> Iterator[tuple[int, str]]:
    """Return the pieces of prose in a file, each with its first line: a page, or the comments and texts of a module."""
    source = path.read_text("utf-8")
    if path.suffix != ".py":
        yield 1, source
        return
    comments: list[str] = []
    began = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            if comments and token.start[0] == began + len(comments) and token.line.lstrip().startswith("#"):
                comments.append(token.string)
                continue
            if comments:
                yield began, "\n".join(comments)
            comments, began = [token.string], token.start[0]
        elif token.type in (tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1), tokenize.NAME):
            yield token.start[0], token.string
    if comments:
        yield began, "\n".join(comments)


def files_below(names: list[str]) -> Iterator[Path]:
    """Return the modules and pages that are named, or lie in folders that are."""
    for name in names:
        path = Path(name)
        if path.is_dir():
            yield from sorted(file for suffix in ("*.py", "*.md") for file in path.rglob(suffix))
        elif path.exists():
            yield path


def main(names: list[str]) -> int:
    """Print what is found in files and folders; return how many phrases that are."""
    found = 0
    for path in files_below(names):
        for began, text in prose_of(path):
            for line, phrase, advice in find_phrases(text):
                if any(path.as_posix().endswith(end) and part in phrase for end, part in EXCEPTIONS):
                    continue
                found += 1
                print(f"{path}:{began + line}: {phrase!r}: {advice}")
    return found


if __name__ == "__main__":
    count = main(sys.argv[1:] or list(CHECKED))
    print(f"{count} phrases to rewrite." if count else "Plain English: nothing to rewrite that a pattern can see.")
    sys.exit(bool(count))
