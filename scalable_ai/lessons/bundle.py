"""The learner's archive: the course without answers and hidden checks, and the proof that none is inside."""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from scalable_ai.course import Course
from scalable_ai.lessons.build import Built, build_all
from scalable_ai.lessons.pages import build_pages
from scalable_ai.lessons.readable import UnopenedError, texts_in
from scalable_ai.lessons.secrets import Search, find_secrets
from scalable_ai.lessons.source import SourceError

FOLDER = "course"
"""The one folder at the top of the archive."""
TAKEN = (
    *("LICENSE", "constraints.txt", "pyproject.toml", "requirements.sh"),
    *("datasets/*.md", "docs/installing.md", "docs/learning.md", "docs/capstone.md", "deploy/**/*", "scalable_ai/**/*"),
)
"""What of a course's folder goes in as it is, apart from notebooks and pages, which are built anew."""
TARGETS = ("help", "install", "lab")
"""Of the Makefile: what works without sources and tests."""
SECRET_FOLDERS = frozenset({"solutions", "graders", "answers", "source"})
EARLIEST = (1980, 1, 1, 0, 0, 0)

README = """# Designing Scalable AI Systems

Lessons are notebooks that you run. Exercises answer you at once; you are graded when you hand in.

With Python 3.11 or newer, make and git:

```bash
make lab    # installs into .venv the first time (some minutes), then opens JupyterLab on the lessons
```

On Windows, use Git Bash; [docs/installing.md](docs/installing.md) says how to go without make. When you are done with a
chapter, `.venv/bin/scalable-ai submit CHAPTER` runs it as grading does and packs it.

[chapters/README.md](chapters/README.md) lists all lessons with what they take and what they are worth, and leads to a
glossary and to how you are graded. Everything works offline; [datasets/](datasets/) says how to use the
real images. The capstone's commands are in [docs/capstone.md](docs/capstone.md).
"""


class BundleError(Exception):
    """The archive cannot be given to learners: says why."""


def run_bundle(course: Course, out: Path, check: Path | None = None) -> int:
    """Write the learner's archive, or search another one, say what came of it, and return the exit status.

    Args:
        course: Whose folder it is.
        out: The archive to write.
        check: An archive, file or folder to search; then nothing is written.
    """
    built, errors = build_all(course)
    try:
        if errors:
            raise errors[0]
        if check:
            number = prove(course, built, check)
        else:
            pages = build_pages(course, [item.lesson for item in built])
            number = bundle(course, built, {page.path(course): page.text for page in pages}, out)
    except (BundleError, SourceError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or out}: {error.strerror or error}. Mend that and run it again.", file=sys.stderr)
        return 1
    print(f"{check or out}: searched for {number} answers, checks and parts of them; none is inside.")
    return 0


def bundle(course: Course, built: list[Built], pages: dict[Path, str], out: Path) -> int:
    """Write the learner's archive, and return how many secrets it was searched for.

    Args:
        course: Whose folder it is.
        built: All its lessons.
        pages: The pages in `chapters/`, by path.
        out: The archive, a zip file; appears only once it has been searched.

    Raises:
        BundleError: An answer or a check is inside, or the archive cannot be searched; nothing is written.
    """
    notebooks = {item.release_path.relative_to(course.root): item.release for item in built}
    texts = {path.relative_to(course.root): text for path, text in pages.items()}
    makefile = course.root / "Makefile"
    if makefile.is_file():
        texts[Path("Makefile")] = _with_targets(makefile.read_text(encoding="utf-8"), TARGETS)
    files = {path: text.encode() for path, text in {**notebooks, **texts, Path("README.md"): README}.items()}
    files |= {path.relative_to(course.root): path.read_bytes() for path in _taken(course.root)}
    partial = out.with_name(f"{out.name}.part")
    try:
        _write(partial, files)
        number = prove(course, built, partial)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return number


def prove(course: Course, built: Iterable[Built], path: Path) -> int:
    """Search an archive, a file or a folder for every secret, and return how many there are.

    Raises:
        BundleError: One is inside, or something cannot be searched.
    """
    if not path.exists():
        raise BundleError(f"{path}: there is nothing here to be searched.")
    secrets = find_secrets(course, built)
    search = Search(secrets)
    seen: set[str] = set()
    try:
        for place, text in _all_texts(path):
            if place.endswith(": the name") and SECRET_FOLDERS & set(PurePosixPath(text).parts[:-1]):
                raise BundleError(f"{place} {text}: this belongs to the instructor. Leave it out.")
            if text in seen:
                continue
            seen.add(text)
            if secret := search.found_in(text):
                raise BundleError(f"{place}: {secret.name} is inside. Take it out; learners must not get it.")
    except UnopenedError as error:
        raise BundleError(str(error)) from None
    return len(secrets)


def _all_texts(path: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            if path.is_dir():
                yield f"{path.name}: the name", file.relative_to(path).as_posix()
            yield from texts_in(file.name, file.read_bytes())


def _taken(root: Path) -> Iterator[Path]:
    for pattern in TAKEN:
        for path in sorted(root.glob(pattern)):
            parts = path.relative_to(root).parts
            if path.is_file() and "__pycache__" not in parts and not any(part.startswith(".") for part in parts):
                yield path


def _with_targets(makefile: str, targets: Iterable[str]) -> str:
    """Return a Makefile with some of its targets only."""
    blocks = re.split(r"\n(?=[A-Za-z.][\w.-]*:(?!=))", makefile)
    kept = [block for block in blocks[1:] if block.partition(":")[0] in {*targets}]
    return "\n".join([blocks[0].rstrip(), "", f".PHONY: {' '.join(targets)}", "", *kept]).rstrip() + "\n"


def _write(path: Path, files: dict[Path, bytes]) -> None:
    """Write an archive that is the same each time for the same files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, content in sorted(files.items()):
            info = zipfile.ZipInfo(f"{FOLDER}/{place.as_posix()}", EARLIEST)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (0o100755 if place.suffix == ".sh" else 0o100644) << 16
            archive.writestr(info, content)
