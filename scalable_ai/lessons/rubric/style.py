"""Hold a lesson to the house's style: the rules S1 to S10; S11 to S13 stand in `answer`."""

from __future__ import annotations

import ast
import re

from scalable_ai.figures import SHORTEST_DESCRIPTION
from scalable_ai.lessons.rubric.finding import Findings, LessonRule, at, in_header
from scalable_ai.lessons.rubric.syntax import parse, parses, without_texts
from scalable_ai.lessons.rubric.wording import count_words, fenced_code, without_code, without_fences
from scalable_ai.lessons.source import Cell, Lesson

PROSE = ("reading", "note", "tip", "warning", "recap")
PROSE_WORDS = 90
CODE_LINES = 15
OPENING = (2, 4)
RECAP_BULLETS = (2, 3)
EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\u2b55\ufe0f]")
# What worked in older versions of the libraries; (pattern of code, what to write today).
DEAD_IDIOMS = tuple(
    (re.compile(pattern), remedy)
    for pattern, remedy in (
        (r"\w*iter\w*\.next\(\)", "Write next(iterator)."),
        (r"\b(gpus|tpu_cores|num_processes|auto_select_gpus)\s*=(?!=)", "Write accelerator=… and devices=…."),
        (r"\bcheckpoint_callback\s*=(?!=)", "Write enable_checkpointing=…, or pass ModelCheckpoint in callbacks=[…]."),
        (r"\b(progress_bar_refresh_rate|weights_summary)\s*=(?!=)", "Write enable_progress_bar=… or a callback."),
        (r"\b(training|validation|test)_epoch_end\b", "Write the hook on_train_epoch_end, on_validation_epoch_end, …."),
        (r"\bresume_from_checkpoint\s*=(?!=)", "Write trainer.fit(…, ckpt_path=…)."),
        (r"\bdistributed_backend\s*=(?!=)", "Write strategy=…."),
        (r"\bautograd\.Variable\b|\bVariable\(", "Pass the tensor itself."),
        (r"\bpretrained\s*=\s*True\b", "Write weights=…, and mind that lessons need no download."),
        (r"\btorch\.cuda\.amp\b", "Write torch.amp."),
        (r"\bsize_average\s*=(?!=)", "Write reduction=…."),
        (r"\b(pl|pytorch_lightning)\.metrics\b", "Write torchmetrics."),
        (r"\bpkg_resources\b", "Write importlib.metadata."),
    )
)
INSTALL = re.compile(r"^\s*[!%]\s*(python3? -m )?(pip|conda|uv)\b|\bpip\b.*\binstall\b.*\btorch", re.MULTILINE)


def short_prose(lesson: Lesson) -> Findings:
    """S1: a prose cell has at most ninety words."""
    for cell in lesson.of(*PROSE):
        count = count_words(without_fences(cell.text)) if cell.type == "markdown" else 0
        if count > PROSE_WORDS:
            remedy = f"Cut it to {PROSE_WORDS}, better 40 to 60, or split it around a code cell."
            yield at(lesson, cell, "S1", f"This cell has {count} words.", remedy)


def short_code(lesson: Lesson) -> Findings:
    """S2: a code cell has at most fifteen non-blank lines; E5 counts answers, checks are folded away."""
    for cell in lesson.of("reading", "fragment"):
        count = sum(1 for line in cell.text.splitlines() if line.strip()) if cell.type == "code" else 0
        if count > CODE_LINES:
            remedy = f"Cut it to {CODE_LINES}, or split it with a sentence between."
            yield at(lesson, cell, "S2", f"This cell has {count} non-blank lines.", remedy)


def headings_below_title(lesson: Lesson) -> Findings:
    """S3: the title is the only heading of level one."""
    for cell in _markdown(lesson):
        for number, line in enumerate(without_fences(cell.text).splitlines()):
            if re.match(r"# \S|=+\s*$", line):
                remedy = "Write '## …'; the builder makes the title."
                yield at(lesson, cell, "S3", "This is a heading of level 1.", remedy, number)


def no_emoji(lesson: Lesson) -> Findings:
    """S4: no emoji."""
    for cell in lesson.cells:
        for number, line in enumerate(cell.text.splitlines()):
            if match := EMOJI.search(line):
                yield at(lesson, cell, "S4", f"'{match[0]}' is an emoji.", "Say it in words.", number)


def calm_voice(lesson: Lesson) -> Findings:
    """S5: no exclamation marks in prose."""
    for cell in _markdown(lesson):
        prose = re.sub(r"!\[", " [", without_code(cell.text))
        for number, line in enumerate(prose.splitlines()):
            if "!" in line:
                yield at(lesson, cell, "S5", "There is an exclamation mark.", "Let the sentence speak calmly.", number)


def figure_with_description(lesson: Lesson) -> Findings:
    """S6: at least one figure, each shown with its text description."""
    code = [cell for cell in lesson.cells if cell.type == "code"]
    if not any(re.search(r"from scalable_ai\.figures import .*\bshow\b", cell.text) for cell in code):
        remedy = "Import show from scalable_ai.figures and call show(fig, 'what is drawn and what it shows')."
        yield in_header(lesson, "S6", "The lesson shows no figure.", remedy)
    for cell in code:
        for node in ast.walk(parse(cell.text)):
            if not isinstance(node, ast.Call) or ast.unparse(node.func) not in {"show", "plt.show"}:
                continue
            given = [*node.args[1:2], *(word.value for word in node.keywords if word.arg == "description")]
            texts = [part.value for part in given if isinstance(part, ast.Constant) and isinstance(part.value, str)]
            if not given or any(len(text.strip()) < SHORTEST_DESCRIPTION for text in texts):
                remedy = f"Call show(fig, description) with at least {SHORTEST_DESCRIPTION} characters."
                yield at(lesson, cell, "S6", "This figure has no text description.", remedy, node.lineno - 1)


def living_idioms(lesson: Lesson) -> Findings:
    """S7: nothing that today's libraries have dropped, and no installation inside a lesson."""
    for cell in lesson.cells:
        blocks = [(0, cell.text)] if cell.type == "code" else _fenced_python(cell)
        for offset, code in blocks:
            plain = without_texts(code)
            for pattern, remedy in DEAD_IDIOMS:
                for match in pattern.finditer(plain):
                    line = offset + plain[: match.start()].count("\n")
                    yield at(lesson, cell, "S7", f"'{match[0].strip()}' is gone from today's API.", remedy, line)
        if cell.type == "code" and (match := INSTALL.search(cell.text)):
            remedy = "Show the command in a fenced block, and check what is installed instead."
            offset = cell.text[: match.start()].count("\n")
            yield at(lesson, cell, "S7", "This cell installs a package.", remedy, offset)


def opening(lesson: Lesson) -> Findings:
    """S9: the header says what is known, what is new and how long it takes, and fits the file's name."""
    least, most = OPENING
    for key in ("know", "new"):
        items = lesson.meta.get(key)
        if not isinstance(items, list) or not least <= len(items) <= most or not all(isinstance(i, str) for i in items):
            remedy = f"List {least} to {most} texts there; quote those that contain ': '."
            yield in_header(lesson, "S9", f"The header's '{key}' is no list of {least} to {most} texts.", remedy)
    minutes = lesson.meta.get("minutes")
    if not isinstance(minutes, int) or isinstance(minutes, bool) or minutes <= 0:
        yield in_header(lesson, "S9", "The header has no 'minutes'.", "Add '#   minutes: 40' under 'lesson:'.")
    wanted = f"lesson_{lesson.meta['id'].replace('.', '_')}_"
    if not lesson.name.startswith(wanted):
        remedy = f"Name the file '{wanted}….py', or mend 'id'."
        yield in_header(lesson, "S9", f"The id {lesson.meta['id']} does not fit the file's name.", remedy)


def recap_last(lesson: Lesson) -> Findings:
    """S10: the last cell is a recap of two or three bullets."""
    least, most = RECAP_BULLETS
    last = lesson.cells[-1]
    count = len(re.findall(r"(?m)^- ", last.text))
    if last.mark != "recap" or len(lesson.of("recap")) != 1:
        remedy = "End with '# %% recap [markdown]'."
        yield at(lesson, last, "S10", "The lesson does not end with its one recap.", remedy)
    elif not least <= count <= most:
        yield at(lesson, last, "S10", f"The recap has {count} bullets.", f"Give {least} or {most}, each '- …'.")


def _markdown(lesson: Lesson) -> list[Cell]:
    return [cell for cell in lesson.cells if cell.type == "markdown"]


def _fenced_python(cell: Cell) -> list[tuple[int, str]]:
    blocks = fenced_code(cell.text)
    return [(line + 1, code) for line, language, code in blocks if language in {"python", "py"} and parses(code)]


RULES: tuple[LessonRule, ...] = (
    short_prose,
    short_code,
    headings_below_title,
    no_emoji,
    calm_voice,
    figure_with_description,
    living_idioms,
    opening,
    recap_last,
)
EVERYWHERE: tuple[LessonRule, ...] = (
    short_prose,
    short_code,
    headings_below_title,
    no_emoji,
    calm_voice,
    living_idioms,
)
"""The rules that a capstone keeps too."""
