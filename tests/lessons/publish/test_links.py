"""Links of a site: those that lead nowhere are named, those that lead elsewhere are listed."""

from __future__ import annotations

from scalable_ai.lessons.publish.links import find_links


def test_links_are_followed_inside_and_listed_outside(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.html").write_text('<h1 id="top">B</h1><a href="../a.html">a</a>', encoding="utf-8")
    (tmp_path / "a.html").write_text(
        '<a href="sub/b.html#top">good</a><a href="#here" id="here">good</a><a href="sub/b.html#no">bad</a>'
        '<a href="gone.html">bad</a><a href="https://example.org/">out</a><img src="data:image/png;base64,x" alt="">'
        '<script src="//example.org/x.js"></script><a href="sub">bad: a folder</a><a href="sub/b.html#/2">a slide</a>',
        encoding="utf-8",
    )
    links = find_links(tmp_path)
    assert links.broken == ["a.html -> sub/b.html#no", "a.html -> gone.html", "a.html -> sub"]
    assert links.outside == {"//example.org/x.js": ["a.html"], "https://example.org/": ["a.html"]}
    assert links.fetched == ["a.html -> //example.org/x.js"]
    assert links.inside == 7
