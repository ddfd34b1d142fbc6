"""The docs site as visitors see it: every page, the search, the narrow window, the dark mode."""

import json
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from tool_generator.emit.site.site_files import SANDBOX
from tool_runtime.errors import ConfigurationError
from tool_runtime.sandbox import Sandbox
from tool_runtime.sandbox.server.serving import SandboxServer

from .conftest import NARROW, ROOT

REGISTRY = json.loads((ROOT / "generated" / "retell_ai" / "registry.json").read_bytes())

PLACES = {
    "start": "",
    "how": "how/",
    "tool": "tools/create_phone_call/",
    "tools": "tools/",
    "group": "groups/calls/",
    "types": "types/calls/",
    "python": "python/",
    "command-line": "cli/",
    "lua": "lua/",
    "mcp": "mcp/",
    "agents": "agents/",
    "errors": "guides/errors/",
    "outcomes": "guides/retries/",
    "recipes": "guides/recipes/",
    "changes": "changes/",
}


def all_pages(folder):
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("index.html"))
    return [path.removesuffix("index.html") for path in found if not path.startswith("http/")]


def results(page):
    return page.locator("[role=dialog] a, .md-search__scrollwrap a, a[href*='?h=']")


def search(page, words):
    field = page.get_by_placeholder("Search").last
    # A key that is pressed before the scripts of the page are ready opens nothing.
    for _ in range(20):
        page.keyboard.press("Control+k")
        try:
            expect(field).to_be_focused(timeout=1_000)
            break
        except AssertionError:
            continue
    page.keyboard.type(words)
    expect(results(page).first).to_be_visible(timeout=20_000)
    return results(page)


@pytest.mark.parametrize("name", PLACES)
def test_a_page_opens_without_a_complaint_and_asks_no_other_host(visit, name):
    visitor = visit()
    visitor.open(PLACES[name])
    visitor.shot(name)
    assert visitor.troubles == []


@pytest.mark.parametrize("name", ["start", "tool", "tools", "types", "how", "project"])
def test_a_narrow_window_never_scrolls_sideways(visit, name):
    visitor = visit(viewport=NARROW)
    page = visitor.open({**PLACES, "project": "project/"}[name])
    visitor.shot(f"{name}-narrow")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert visitor.troubles == []


@pytest.mark.parametrize("name", ["start", "tool", "how"])
def test_a_visitor_who_prefers_dark_gets_dark(visit, name):
    visitor = visit(color_scheme="dark")
    page = visitor.open(PLACES[name])
    visitor.shot(f"{name}-dark")
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(int(part) for part in colour.strip("rgba()").split(",")[:3]) < 200
    assert visitor.troubles == []


def test_every_page_of_the_site_opens_without_a_complaint(visit, site_folder):
    visitor = visit(viewport=NARROW)
    wide = [
        path
        for path in all_pages(site_folder)
        if visitor.open(path).evaluate("document.documentElement.scrollWidth") > NARROW["width"]
    ]
    assert wide == []
    assert visitor.troubles == []


def test_the_search_finds_the_tool_for_what_people_say(visit):
    visitor = visit()
    found = search(visitor.open(""), "hang up a call")
    expect(found.first).to_contain_text("stop_call", timeout=20_000)
    visitor.shot("search")
    found.first.click()
    expect(visitor.page.locator("h1")).to_contain_text("stop_call")
    assert visitor.troubles == []


@pytest.mark.parametrize(
    ("words", "tool"),
    [
        ("make a phone call", "create_phone_call"),
        ("how do I buy a number", "create_phone_number"),
        ("list my calls", "list_calls"),
        ("read the transcript of a call", "get_call"),
        ("clone voice", "clone_voice"),
    ],
)
def test_the_search_answers_whole_questions(visit, words, tool):
    found = search(visit().open(""), words)
    expect(found.filter(has_text=tool).first).to_be_visible(timeout=20_000)


def test_headings_and_controls_serve_a_screen_reader(visit):
    visitor = visit()
    for name, path in PLACES.items():
        page = visitor.open(path)
        levels = [
            int(one[1]) for one in page.eval_on_selector_all("article :is(h1,h2,h3,h4)", "e => e.map(x => x.tagName)")
        ]
        assert levels.count(1) == 1, name
        assert all(after - before <= 1 for before, after in pairwise(levels)), (name, levels)
        unnamed = page.eval_on_selector_all(
            "article :is(button, input, select):not([aria-hidden=true])",
            "e => e.filter(x => !(x.ariaLabel || x.title || x.textContent.trim() || (x.labels || []).length)).length",
        )
        assert unnamed == 0, name


def test_a_cell_of_a_wide_table_names_its_column_in_a_narrow_window(visit):
    page = visit(viewport=NARROW).open("contributing/")
    cell = page.locator("td", has_text="reads a spec, reports its problems").first
    assert cell.evaluate("e => getComputedStyle(e, '::before').content") == '"what"'


def test_paper_shows_whole_lines_of_code(visit):
    page = visit().open("python/")
    page.emulate_media(media="print")
    assert page.locator("pre > code").first.evaluate("e => getComputedStyle(e).whiteSpace") == "pre-wrap"


def test_the_search_finds_a_type_by_its_name(visit):
    page = visit().open("")
    expect(search(page, "DisconnectionReason").first).to_contain_text("DisconnectionReason", timeout=20_000)


def test_the_chosen_language_stays_chosen_on_other_pages(visit):
    visitor = visit()
    page = visitor.open("tools/create_phone_call/")
    page.get_by_text("Lua", exact=True).first.click()
    page = visitor.open("tools/get_call/")
    expect(page.locator(".tabbed-block", has_text="app.integrations").first).to_be_visible()
    expect(page.locator(".tabbed-block", has_text="curl").first).to_be_hidden()


def test_the_table_of_tools_filters_by_class_effect_group_and_words(visit):
    visitor = visit()
    page = visitor.open("tools/")
    rows = page.locator(".rt-tools tbody tr:visible")
    everything = rows.count()
    page.get_by_label("Filter by effect").select_option("dial")
    assert 0 < rows.count() < everything
    assert all("dial" in text for text in rows.all_inner_texts())
    page.get_by_label("Filter by words").fill("list of numbers")
    assert [text.split()[0] for text in rows.all_inner_texts()] == ["create_batch_call"]
    visitor.shot("tools-filtered")
    page.reload()
    assert rows.count() == 1
    page.get_by_label("Filter by words").fill("")
    page.get_by_label("Filter by effect").select_option("")
    page.get_by_label("Filter by class").select_option("read")
    page.get_by_label("Filter by group").select_option("Calls")
    assert sorted(text.split()[0] for text in rows.all_inner_texts()) == ["get_call", "list_calls"]
    assert visitor.troubles == []


def test_the_button_copies_the_twin_of_the_page(visit, site_folder):
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    for path, twin in (("tools/get_call/", "tools/get_call.md"), ("tools/", "tools/index.md"), ("", "index.md")):
        page = visitor.open(path)
        page.get_by_role("button", name="Copy as Markdown").click()
        expect(page.locator(".rt-copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == (site_folder / twin).read_text(encoding="utf-8")
    assert visitor.troubles == []


def test_a_type_is_reached_by_its_anchor(visit):
    page = visit().open("types/calls/#CallStatus")
    assert page.locator("#CallStatus").bounding_box()["y"] < 400


def test_a_missing_page_is_answered_in_the_dress_of_the_site(visit):
    page = visit().open("no/such/page/")
    expect(page.locator("h1")).to_contain_text("404")
    page.get_by_role("link", name="Overview", exact=True).click()
    expect(page.locator("h1")).to_contain_text("Overview")


@pytest.fixture
def explorer(visit, site_folder):
    if not (site_folder / "http/viewer.js").is_file():
        pytest.skip("the npm registry is out of reach, so the site was built without its explorer")
    return visit()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_explorer_shows_every_group_and_asks_no_other_host(explorer, visit, address, scheme):
    visitor = visit(color_scheme=scheme)
    page = visitor.open("http/index.html")
    expect(page.get_by_text("create_phone_call").first).to_be_visible(timeout=30_000)
    visitor.shot(f"explorer-{scheme}")
    assert visitor.troubles == []


@pytest.fixture
def sandbox(address):
    """Serve a sandbox at the one address that the explorer knows."""
    try:
        server = SandboxServer(Sandbox(REGISTRY, examples=True), port=int(SANDBOX.rpartition(":")[2]))
    except ConfigurationError:
        pytest.skip(f"something else listens at {SANDBOX}")
    with server:
        yield server.sandbox


def test_what_is_tried_in_the_explorer_is_answered_by_the_sandbox(explorer, sandbox):
    page = explorer.open("http/index.html#tag/llms")
    page.get_by_label("Bearer Token").first.fill("any key")
    page.get_by_role("button", name="Test Request").first.click(timeout=30_000)
    page.get_by_role("button", name="Send").first.click(timeout=30_000)
    expect(page.get_by_text("200 OK").first).to_be_visible(timeout=30_000)
    explorer.shot("explorer-tried")
    assert [one.status for one in sandbox.requests] == [200]
    assert [url for url in explorer.outside if not url.startswith(f"{SANDBOX}/")] == []


def test_the_explorer_cannot_reach_the_api_itself(explorer, site_folder):
    document = json.loads((site_folder / "openapi.json").read_text(encoding="utf-8"))
    page = explorer.open("http/index.html")
    reached = page.evaluate("url => fetch(url).then(() => true, () => false)", document["servers"][0]["url"])
    assert reached is False
