"""Links of built pages: those that lead nowhere are named, with the page that holds them."""

import pytest

from tool_generator.publish.link_check import broken_links


@pytest.fixture
def site(tmp_path):
    def build(**pages):
        for name, body in pages.items():
            path = tmp_path / ("index.html" if name == "index" else f"{name}/index.html")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"<html><body>{body}</body></html>", encoding="utf-8")
        return tmp_path

    return build


@pytest.mark.parametrize(
    "link", ["a/", "./a/", "a/index.html", "#here", "a/#there", "/a/", "/", ".", "https://x.example/", "mailto:a@b.c"]
)
def test_a_sound_link_is_no_problem(site, link):
    assert broken_links(site(index=f'<a id="here" href="{link}">x</a>', a='<h2 id="there">x</h2>')) == []


@pytest.mark.parametrize("link", ["b/", "a", "a/b.md", "../a/", "/b/", "a/%62/"])
def test_a_link_that_leads_nowhere_is_named_with_its_page(site, link):
    assert broken_links(site(index=f'<a href="{link}">x</a>', a="")) == [f"index.html: {link} leads nowhere"]


def test_a_missing_place_on_a_page_is_named(site):
    problems = broken_links(site(index='<a href="a/#gone">x</a><a href="#gone">y</a>', a=""))
    assert problems == [f"index.html: {link} leads to no place on that page" for link in ("a/#gone", "#gone")]


@pytest.mark.parametrize(
    "tag",
    [
        '<script src="https://x.example/a.js"></script>',
        '<img src="//x.example/a.png">',
        '<link rel="stylesheet" href="https://x.example/a.css">',
        '<link rel="preconnect" href="https://x.example">',
        '<iframe src="http://x.example/"></iframe>',
    ],
)
def test_an_address_that_a_page_would_load_from_outside_is_named(site, tag):
    (problem,) = broken_links(site(index=tag))
    assert problem.endswith("would be loaded from outside")


def test_a_missing_file_that_a_page_loads_is_named(site):
    assert broken_links(site(index='<img src="a.png">')) == ["index.html: a.png leads nowhere"]


def test_links_below_the_path_of_the_site_are_those_of_the_site(site):
    built = site(index='<a href="/docs/a/">x</a><a href="/a/">y</a>', a="")
    assert broken_links(built, "/docs/") == ["index.html: /a/ leads nowhere"]
