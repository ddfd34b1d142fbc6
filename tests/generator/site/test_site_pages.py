"""The pages of a site: they agree with the tools, with each other, and with what agents read."""

import base64
import json
import posixpath
import re
import tomllib
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml
from markdown_it import MarkdownIt

from tool_generator.emit.site.site_files import SANDBOX, ProjectTexts, site_files
from tool_generator.generate import compile_spec
from tool_runtime.surfaces.cli.commands import COMMANDS
from tool_runtime.surfaces.cli.exits import MEANINGS
from tool_runtime.surfaces.mcp.client_files import Wanted, config_text

from .conftest import site_of


def below(files, folder):
    return {path.removeprefix(f"{folder}/"): text for path, text in files.items() if path.startswith(f"{folder}/")}


def twins(files):
    return below(files, "static")


def sources(files):
    return {path: text for path, text in below(files, "pages").items() if path.endswith(".md")}


def lines_of_index(files):
    return re.findall(r"^- \[[^\]]*\]\(([^)]+\.md)\)", files["pages/llms.txt"], re.MULTILINE)


def links(text):
    tokens = [child for token in MarkdownIt("commonmark").parse(text) for child in token.children or ()]
    return [token.attrs["href"] for token in tokens if token.type == "link_open"]


def leaves(navigation):
    for entry in navigation:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            yield from leaves(value) if isinstance(value, list) else [value]


def test_pages_twins_and_lines_of_the_index_are_the_same(site):
    index = lines_of_index(site)
    assert len(index) == len(set(index))
    assert set(sources(site)) == set(twins(site)) == set(index)


def test_each_tool_has_a_page_and_each_page_of_a_tool_has_a_tool(site, registry):
    pages = {path.removeprefix("tools/").removesuffix(".md") for path in sources(site) if path.startswith("tools/")}
    assert pages - {"index"} == set(registry.tools)


def test_each_type_has_an_anchor(site, registry):
    found = re.findall(r"^## \S.* \{ #(\S+) \}$", "\n".join(sources(site).values()), re.MULTILINE)
    assert sorted(found) == sorted(registry.types)


def test_the_navigation_holds_every_page_once(site):
    navigation = list(leaves(yaml.safe_load(site["mkdocs.yml"])["nav"]))
    pages = [path for path in navigation if path.endswith(".md")]
    assert sorted(pages) == sorted(sources(site))


def test_every_link_of_a_twin_leads_to_a_twin_or_to_a_file_of_the_site(site):
    there = {*twins(site), *below(site, "pages")}
    lost = [
        (path, link)
        for path, text in twins(site).items()
        for link in links(text)
        if not re.match(r"[a-z]+:", link)
        and not link.startswith("#")
        and posixpath.normpath(posixpath.join(posixpath.dirname(path), link.partition("#")[0])) not in there
    ]
    assert lost == []


def test_each_twin_begins_with_a_line_that_leads_to_the_index(site):
    without = [path for path, text in twins(site).items() if "llms.txt" not in text.partition("\n")[0]]
    assert without == ["skill.md"]


def test_no_mark_of_the_generator_is_left_in_a_page(site):
    assert [path for path, text in site.items() if re.search(r"[\x00-\x08]", text)] == []


def test_the_file_with_everything_holds_each_page(site):
    found = re.findall(r"^<!-- page: (\S+) -->$", site["pages/llms-full.txt"], re.MULTILINE)
    assert found == lines_of_index(site)


def test_each_example_of_a_tool_stands_in_every_language(site, registry):
    for name in registry.tools:
        tabs = re.findall(r'^=== "(.+)"$', site[f"pages/tools/{name}.md"], re.MULTILINE)
        assert len(tabs) >= 5
        assert len(tabs) % 5 == 0
        assert {tuple(tabs[at : at + 5]) for at in range(0, len(tabs), 5)} == {
            ("Shell", "Python", "Lua", "JSON", "curl")
        }


def test_a_page_of_a_tool_shows_class_and_effects_as_badges(site, registry):
    for name, tool in registry.tools.items():
        badges = re.findall(r'rt-badge rt-(\w+)"', site[f"pages/tools/{name}.md"])
        assert badges == [tool.tool_class, *tool.effects]


def test_the_table_has_a_row_with_two_cells_for_each_tool(site, registry):
    rows = [line for line in site["pages/tools/index.md"].splitlines() if line.startswith("| [")]
    assert len(rows) == len(registry.tools)
    # A pipe inside a code span is text.
    assert {len(re.sub(r"`[^`]*`", "", row).split("|")) for row in rows} == {4}


def test_the_page_of_the_command_line_names_every_command_and_exit_code(library):
    page = library["static/cli.md"]
    assert [name for name in COMMANDS if f"- `{name}`: " not in page] == []
    assert [code for code in MEANINGS if f"- `{code}`: " not in page] == []


def test_a_chapter_of_the_readme_stands_on_the_page_of_its_surface_and_nowhere_else(library):
    assert [path for path, text in twins(library).items() if "How Python is used here." in text] == ["python.md"]
    assert "#### Deep" not in library["static/python.md"]
    assert "Ask at the desk." in library["static/project.md"]


def test_links_of_the_readme_lead_to_pages_or_become_words(library):
    assert "See [the reference](overview.md) and the licence." in library["static/index.md"]
    assert "A [tool](tools/get_book.md)." in library["static/python.md"]


def test_a_tool_tells_what_changed_in_it_by_version(library):
    page = library["static/tools/get_book.md"]
    assert "- Not released yet: is slower\n- 0.1.0 (2026-01-31): a new read" in page
    assert "## Changes" not in library["static/tools/list_books.md"]


def test_release_notes_and_changes_of_tools_have_pages(library):
    assert "## 0.1.0 - 2026-01-31" in library["static/changes/index.md"]
    assert "## Not released yet\n\n### Changed" in library["static/changes/tools.md"]


def test_the_settings_name_no_plugin_and_no_outside_address(site):
    settings = yaml.safe_load(site["mkdocs.yml"])
    assert "plugins" not in settings
    assert settings["theme"]["font"] is False
    assert "repo_url" not in settings
    assert "://" not in site["mkdocs.yml"]


@pytest.mark.parametrize("name", ["site_url"])
def test_the_address_of_the_site_stands_in_settings_and_index_where_it_is_known(name):
    files = site_of("library", "https://docs.example/library/")
    assert yaml.safe_load(files["mkdocs.yml"])[name] == "https://docs.example/library/"
    assert "(https://docs.example/library/tools/get_book.md)" in files["pages/llms.txt"]


def test_the_explorer_knows_the_sandbox_and_no_other_server(site):
    document = json.loads(site["pages/http/openapi.json"])
    servers = [server["url"] for server in document["servers"]]
    nested = [one for path in document["paths"].values() for one in path.values() if "servers" in one]
    assert servers == [SANDBOX]
    assert nested == []


def test_nothing_that_a_page_loads_stands_elsewhere(site):
    for path in ("overrides/main.html", "pages/http/index.html", "pages/assets/site.js", "pages/assets/site.css"):
        assert re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?https?:", site[path]) == []


def test_no_settings_of_a_client_hold_a_key(site):
    page = site["static/mcp.md"]
    for name in ("Claude Code", "Claude Desktop", "Cursor", "VS Code", "Windsurf", "Codex"):
        assert f"### {name}\n" in page
    assert "API_KEY" not in page


def fenced(page, heading):
    return re.search(rf"^### {heading}$.*?^```\w+\n(.*?)^```$", page, re.MULTILINE | re.DOTALL).group(1)


def test_settings_and_links_of_clients_are_the_entries_that_the_command_prints(site, registry):
    page, api = site["static/mcp.md"], registry.api
    wanted = Wanted(api.command, api.command, ("mcp", "serve"), "KEY", "TOKEN")
    for name, client in (("Claude Desktop", "claude-desktop"), ("Cursor", "cursor"), ("VS Code", "vscode")):
        assert json.loads(fenced(page, name)) == json.loads(config_text(client, wanted))
    assert tomllib.loads(fenced(page, "Codex")) == tomllib.loads(config_text("codex", wanted))
    cursor = parse_qs(urlsplit(re.search(r"cursor://\S+(?=`)", page).group()).query)
    assert cursor["name"] == [api.command]
    assert json.loads(base64.b64decode(cursor["config"][0])) == {"command": api.command, "args": ["mcp", "serve"]}
    vscode = json.loads(unquote(re.search(r"vscode:mcp/install\?(\S+)(?=`)", page).group(1)))
    assert vscode.pop("name") == api.command
    assert {"servers": {api.command: vscode}} == json.loads(config_text("vscode", wanted))


def test_guides_stand_in_the_order_in_which_people_read_them():
    navigation = yaml.safe_load(site_of("retell_ai")["mkdocs.yml"])["nav"]
    [listed] = [entry["Guides"] for entry in navigation if "Guides" in entry]
    names = [path.removeprefix("guides/").removesuffix(".md") for entry in listed for path in entry.values()]
    assert names[:3] == ["recipes", "accounts", "values"]
    assert names[names.index("webhooks") + 1] == "webhook_receivers"
    assert names[-1] == "generic_helpers"


def test_a_page_of_types_writes_abbreviations_as_the_groups_do():
    assert "# Types: LLM tools" in site_of("retell_ai")["static/types/llm_tools.md"]


def test_a_missing_page_leads_on(site):
    assert "'overview/' | url" in site["overrides/404.html"]


def test_each_diagram_says_in_words_what_it_shows(site):
    assert site["pages/how.md"].count("<svg") == 3
    assert "<svg" not in site["static/how.md"]
    for word in ("UnknownTool", "InvalidArguments", "OutcomeUnknown", "unknown", "refused", "not_sent"):
        assert word in site["static/how.md"]


def test_equal_specs_give_equal_sites(library):
    site_of.cache_clear()
    assert site_of("library") == library


EVIL = 'Say "hi" <script>alert(1)</script> | `a|b` {{ x }} `c`{: .x } [l](javascript:alert(1)) *b* &amp; end { #id }'


@pytest.fixture
def hostile(spec):
    spec.api["api"] |= {"title": EVIL, "summary": EVIL}
    spec.group |= {"title": EVIL, "summary": EVIL}
    spec.tool("index", summary=EVIL, description=EVIL)
    spec.tools["get_thing"]["parameters"]["thing_id"]["description"] = EVIL
    spec.types["types"]["Thing"]["description"] = EVIL
    compiled = compile_spec(spec.write())
    return site_files(compiled.registry, compiled.guide, compiled.origins.type_files, ProjectTexts(), compiled.notice)


def without_code(text):
    return re.sub(r"(?ms)^ *```.*?^ *```$|<figure.*?</figure>|`[^`\n]*`", "", text)


def test_no_text_of_a_spec_becomes_markup_of_a_page(hostile):
    for path, text in [*sources(hostile).items(), ("mkdocs.yml", hostile["mkdocs.yml"])]:
        assert "<script>" not in without_code(text), path
        assert not re.search(r"\{: ?\.x", without_code(text).partition("\n---\n")[2]), path


def test_a_tool_called_index_has_a_page_beside_the_table_of_all_tools(hostile):
    assert "# All tools" in hostile["pages/tools/index.md"]
    assert "# index" in hostile["pages/tools/index_tool.md"]
    assert "(../tools/index_tool.md)" in hostile["pages/tools/index.md"]


def test_pages_and_index_agree_whatever_the_texts_are(hostile):
    assert set(sources(hostile)) == set(twins(hostile)) == set(lines_of_index(hostile))
    assert sorted(path for path in leaves(yaml.safe_load(hostile["mkdocs.yml"])["nav"]) if path.endswith(".md")) == (
        sorted(sources(hostile))
    )


def test_pages_of_another_api_hold_no_words_of_a_telephone_or_of_this_api():
    pages = {path: text for path, text in site_of("library").items() if path.startswith("static/")}
    assert len(pages) > 20
    found = {path: re.search(r"(?i)\bretell|telephone|\bphone|\brings?\b|\bdial", text) for path, text in pages.items()}
    assert {path: one.group() for path, one in found.items() if one} == {}
