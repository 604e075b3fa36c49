"""Hold a capstone to the rubric: the rule C11, as far as the capstone's own source says."""

from __future__ import annotations

from scalable_ai.lessons.rubric.finding import Findings, in_header
from scalable_ai.lessons.source import Lesson

FORMS = {
    "coding": "a single task",
    "iterative": "one task repeated with changes",
    "sequential": "steps that build one script",
}


def capstone_forms(lesson: Lesson) -> Findings:
    """C11: exercises in coding, iterative and sequential form, named in the header."""
    if not lesson.exercises:
        yield in_header(lesson, "C11", "The capstone has no exercise.", "Add '# %% exercise: name [markdown]'.")
    forms = lesson.meta.get("forms")
    if not isinstance(forms, dict):
        forms = {}
    for form, meaning in FORMS.items():
        names = forms.get(form)
        if not isinstance(names, list) or not names:
            remedy = f"Add '#   forms:' with '#     {form}: [exercise, …]' to the header."
            yield in_header(lesson, "C11", f"The capstone names no exercise in {form} form ({meaning}).", remedy)
            continue
        for name in names:
            if name not in lesson.exercises:
                remedy = f"Use {', '.join(lesson.exercises) or 'the names of its exercises'}."
                yield in_header(lesson, "C11", f"The form '{form}' names '{name}', which is no exercise.", remedy)
    for form in set(map(str, forms)) - set(FORMS):
        yield in_header(lesson, "C11", f"'{form}' is no form.", f"Use {', '.join(FORMS)}.")
