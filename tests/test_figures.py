"""Figures come with a description, or not at all."""

from __future__ import annotations

import base64

import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt

from scalable_ai.figures import DescribedImage, show

TEXT = 'Two lines that rise; the "upper" one has slope 2 & the lower one slope 1.'


@pytest.fixture
def figure():
    fig, ax = plt.subplots(figsize=(2, 1))
    ax.plot([1, 2])
    yield fig
    plt.close(fig)


@pytest.mark.parametrize("description", ["", "Two lines.", " " * 60])
def test_a_figure_without_description_is_refused(figure, description):
    with pytest.raises(ValueError, match="at least 40 characters: what is drawn, what it shows"):
        show(figure, description)


def test_a_figure_is_closed_so_that_it_is_not_shown_twice(figure):
    show(figure, TEXT)
    assert not plt.fignum_exists(figure.number)


def test_a_plain_script_shows_nothing(figure, capsys):
    show(figure, TEXT)
    assert capsys.readouterr() == ("", "")


def test_a_notebook_gets_an_image_with_alternative_text_and_a_folded_description(figure, monkeypatch):
    import IPython
    import IPython.display

    images = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    monkeypatch.setattr(IPython.display, "display", images.append)
    show(figure, TEXT)
    html = images[0]._repr_html_()
    assert 'alt="Two lines that rise; the &quot;upper&quot; one has slope 2 &amp; the lower one slope 1."' in html
    assert "<details><summary>Description of this figure</summary>Two lines that rise" in html
    assert base64.b64decode(images[0].png).startswith(b"\x89PNG")


def test_text_front_ends_read_the_description(figure):
    assert repr(DescribedImage(figure, "One\n  line.")) == "Figure: One line."
