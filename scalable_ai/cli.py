"""`scalable-ai …`: one verb per thing a person does."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scalable_ai.course import CourseNotFoundError, find_course
from scalable_ai.grading.verbs import add_verbs as add_instructors_verbs
from scalable_ai.lab.verbs import add_verbs, open_lab
from scalable_ai.lessons.publish.verbs import add_verbs as add_publishing_verbs

if TYPE_CHECKING:
    from scalable_ai.lessons.publish.executed import Data


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit status; a stated problem is one sentence on stderr and status 1."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if argv[:1] == ["capstone"]:
        return _capstone(argv[1:])
    if argv[:1] == ["lab"]:
        return open_lab(argv[1:])  # its options are JupyterLab's
    options = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except CourseNotFoundError as error:
        return _problem(error)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scalable-ai", description="Designing Scalable AI Systems: the course's tools."
    )
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")

    def verb(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        return made

    build = verb("build", _build, "Build the learner notebooks and pages in chapters/ from solutions/.")
    build.add_argument("--check", action="store_true", help="write nothing; fail when chapters/ is not current")
    build.add_argument("--force", action="store_true", help="write over notebooks and pages that were edited")

    bundle = verb(
        "bundle", _bundle, "Write the learner's archive: no answers, no hidden checks, and searched for them."
    )
    bundle.add_argument("--out", type=Path, default=Path("course-for-learners.zip"), help="the archive (a zip file)")
    bundle.add_argument("--check", type=Path, metavar="PATH", help="write nothing; search an archive or folder instead")

    lint = verb("lint", _lint, "Hold the lesson sources to the rubric.")
    lint.add_argument("paths", nargs="*", type=Path, help="lesson sources; all of them by default")

    add_publishing_verbs(verb, _lesson_data)

    measure = verb("measure-lessons", _measure_lessons, "Measure how long lessons run, for the index of lessons.")
    measure.add_argument("paths", nargs="*", type=Path, help="lesson sources; all of them by default")
    measure.add_argument("--runs", type=int, default=3, help="runs of each lesson; the median counts (default: 3)")

    add_instructors_verbs(verb)

    grade = verb("grade", _grade, "Grade all hand-ins of an assignment, several at a time; goes on where it stopped.")
    grade.add_argument("assignment", help="nbgrader's name of the assignment, such as ch1_introduction")
    grade.add_argument("--student", default="*", help="only this one, or those that match a pattern")
    grade.add_argument("--workers", type=int, default=0, help="hand-ins at a time (default: one for each processor)")
    grade.add_argument(
        "--scheduler", default="", metavar="ADDRESS", help="run them on a Dask cluster; local: a new one here"
    )
    grade.add_argument("--force", action="store_true", help="run again what was graded with the same checks")
    grade.add_argument("--allow-unsandboxed", action="store_true", help="go on where this machine has no sandbox")

    answers = verb("grade-answers", _grade_answers, "Grade the named right and wrong answers of graders/.")
    answers.add_argument("paths", nargs="*", type=Path, help="lesson sources; all of them by default")
    answers.add_argument(
        "--thorough", action="store_true", help="right answers with 20 sets of inputs, all wrong ones mended by steps"
    )

    add_verbs(verb)
    verb("doctor", _doctor, "Say what is installed, which device will be used and which data was found.")
    data = verb("data", _data, "Fetch or open CIFAR-10, and say which source is used.")
    data.add_argument("source", nargs="?", help='a path, "official" or "generated"; what is found when left out')
    demo = verb("demo", _demo, "Show the whole product at work: build, grade a class, train, evaluate, export.")
    demo.add_argument("--out", type=Path, default=Path("demo"), help="folder for what it makes (default: demo)")
    bench = verb("bench", _bench, "Measure loading, training and inference, or grading, or kernels, side by side.")
    about = (
        "grading: stock nbgrader against the engine; cluster: Dask; kernels: stock against warm, until a first answer"
    )
    bench.add_argument("what", nargs="?", choices=["grading", "cluster", "kernels"], help=about)
    bench.add_argument("--learners", type=int, default=40, help="hand-ins for the engine (default: 40)")
    bench.add_argument("--stock", type=int, help="how many of them stock nbgrader grades too (default: all; 0: none)")
    verbs.add_parser("capstone", help="The CIFAR-10 capstone: fit, evaluate, export, benchmark, serve, scale and more.")
    return parser


def _build(options: argparse.Namespace) -> int:
    from scalable_ai.lessons.build import EditedError, build_all, leftovers, refuse_edited, write_all
    from scalable_ai.lessons.pages import build_pages, edited_pages, stale_pages, write_pages

    course = find_course()
    built, errors = build_all(course)
    for error in errors:
        _problem(error)
    stale = [item.release_path for item in built if not item.is_current]
    extra = leftovers(course, built)
    for path in extra:
        _problem(f"{path}: no source builds this notebook. Remove it, or add its source to solutions/.")
    try:
        # Pages speak of all lessons, so that a broken one would be missing from them.
        pages = [] if errors else build_pages(course, [item.lesson for item in built])
    except ValueError as error:
        return _problem(error)
    if options.check:
        stale += stale_pages(course, pages)
        for path in stale:
            _problem(f"{path}: not what its source builds. Run 'make build' and commit the result.")
        if not (stale or errors or extra):
            print(f"{len(built)} notebooks and {len(pages)} pages are what their sources build.")
        return 1 if stale or errors or extra else 0
    try:
        if not options.force:
            refuse_edited(edited_pages(course, pages))
        written = write_all(built, force=options.force)
    except EditedError as error:
        return _problem(error)
    changed = len(write_pages(course, pages))
    print(f"{len(built)} lessons built, {len(written)} notebooks and {changed} pages changed in {course.chapters}.")
    return 1 if errors or extra else 0


def _bundle(options: argparse.Namespace) -> int:
    from scalable_ai.lessons.bundle import run_bundle

    return run_bundle(find_course(), options.out, options.check)


def _lesson_data() -> Data:
    """Return what `scalable-ai data` would name, so that kernels use it wherever they run."""
    from scalable_ai.data import DataError, find
    from scalable_ai.lessons.publish import PublishError
    from scalable_ai.lessons.publish.executed import Data

    try:
        found = find()
    except DataError as error:
        raise PublishError(error) from None
    environment = {"SCALABLE_AI_DATA": str(found.path or found.source), "SCALABLE_AI_DATASETS": str(found.root)}
    return Data(found.source, environment)


def _measure_lessons(options: argparse.Namespace) -> int:
    from scalable_ai.lessons.measure import MeasureError, measure
    from scalable_ai.lessons.pages.run_times import write_run_times
    from scalable_ai.lessons.source import SourceError, find_lessons, read_lesson

    course = find_course()
    known = find_lessons(course.solutions)
    paths = [path.resolve() for path in options.paths] or known
    if unknown := [path for path in paths if path not in known]:
        return _problem(f"{unknown[0]}: this is no lesson of the course. Name a file in solutions/.")
    try:
        times = measure(course, [read_lesson(path) for path in paths], max(options.runs, 1))
    except (MeasureError, SourceError, ValueError) as error:
        return _problem(error)
    print(f"Kept in {write_run_times(course, times)}. Run 'make build' to see them in the index.")
    return 0


def _lint(options: argparse.Namespace) -> int:
    from scalable_ai.lessons.lint import lint_course

    course = find_course()
    findings = lint_course(course, [path.resolve() for path in options.paths])
    for finding in findings:
        print(finding, file=sys.stderr)
    print(f"{len(findings)} findings." if findings else "The rubric holds.")
    return 1 if findings else 0


def _grade(options: argparse.Namespace) -> int:
    from scalable_ai.grading.batch.command import run_grade
    from scalable_ai.grading.batch.hand_in import Options

    return run_grade(
        Options(
            Path.cwd(),
            options.assignment,
            options.student,
            options.workers,
            options.force,
            options.allow_unsandboxed,
            options.scheduler,
        )
    )


def _grade_answers(options: argparse.Namespace) -> int:
    from scalable_ai.grading.proof import grade_galleries

    return grade_galleries(find_course(), [path.resolve() for path in options.paths], options.thorough)


def _doctor(options: argparse.Namespace) -> int:
    from scalable_ai.doctor import report

    return report()


def _data(options: argparse.Namespace) -> int:
    from scalable_ai.data import DataError, describe

    try:
        print(describe(options.source))
    except DataError as error:
        return _problem(error)
    return 0


def _demo(options: argparse.Namespace) -> int:
    from scalable_ai.demo import run_demo

    return run_demo(find_course(), options.out)


def _bench(options: argparse.Namespace) -> int:
    if options.what == "grading":
        from scalable_ai.bench.grading import bench_grading

        return bench_grading(
            find_course(), options.learners, options.learners if options.stock is None else options.stock
        )
    if options.what == "cluster":
        from scalable_ai.bench.cluster import bench_cluster

        return bench_cluster(find_course(), options.learners)
    if options.what == "kernels":
        from scalable_ai.bench.kernels import bench_kernels

        return bench_kernels(find_course().root / "bench")
    from scalable_ai.bench.report import run_bench

    return run_bench(find_course())


def _capstone(argv: list[str]) -> int:
    from scalable_ai.capstone.cli import main as capstone

    return capstone(argv) or 0


def _problem(error: object) -> int:
    print(error, file=sys.stderr)
    return 1
