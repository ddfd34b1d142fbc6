"""From a spec folder to generated files: load, lint, compile, emit. Only this module knows all steps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from tool_generator.check import lint
from tool_generator.compile import registry_document
from tool_generator.emit import argument_schemas, output_folder, shallow_schemas
from tool_generator.emit.luals import lua_annotations
from tool_generator.emit.openapi_document import openapi_document
from tool_generator.emit.pretty import pretty
from tool_generator.emit.python import python_files
from tool_generator.load.spec import load_spec, read_folder
from tool_generator.problems import Problem, Report, SpecProblems
from tool_runtime.core.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tool_generator.load.spec import Spec


@dataclass(frozen=True, slots=True)
class Compiled:
    """A sound spec and its registry. `notice` is the line that every generated file carries."""

    registry: Registry
    guide: dict[str, str]
    guide_folder: str
    notice: str
    origins: python_files.Origins
    warnings: tuple[Problem, ...]


def compile_spec(folder: Path, *, strict: bool = False) -> Compiled:
    """Load, check and compile the spec in `folder`. Raises SpecProblems with every problem.

    `strict` takes what people have left to do for a problem too.
    """
    return compile_files(read_folder(folder), folder, strict=strict)


def compile_files(files: Mapping[str, bytes], folder: Path, *, strict: bool = False) -> Compiled:
    """Load, check and compile a spec from the contents of its files; `folder` is their place, for messages."""
    report = Report()
    spec = load_spec(files, report, str(folder))
    parameters = lint(spec, report)
    report.raise_problems()
    if strict:
        from tool_generator.check.finished import check_finished

        check_finished(spec, parameters, folder, report)
        report.raise_problems()
    notice = output_folder.header(spec.api["name"])
    document = registry_document.registry_of(spec, parameters, {"notice": notice})
    return Compiled(
        Registry(document), spec.guide, str(folder / "guide"), notice, _origins(spec), tuple(sorted(report.warnings))
    )


def _origins(spec: Spec) -> python_files.Origins:
    files = {name: PurePosixPath(entry.source.name).stem for name, entry in spec.types.items()}
    bodies = {name: entry.data["body"]["$ref"] for name, entry in spec.tools.items() if "body" in entry.data}
    return python_files.Origins(files, bodies)


def generated_files(compiled: Compiled) -> dict[str, str]:
    """Give every generated file by its path in the output folder. Equal specs give equal bytes.

    Raises SpecProblems if a guide text has no place in the reference.
    """
    from concurrent.futures import ThreadPoolExecutor

    # The formatter is another process: everything else is written while the formatter runs.
    with ThreadPoolExecutor(1) as beside:
        sources = python_files.python_files(compiled.registry, compiled.notice, compiled.origins)
        python = beside.submit(output_folder.formatted, sources)
        files = _other_files(compiled)
        return dict(sorted((files | python.result()).items()))


def _other_files(compiled: Compiled) -> dict[str, str]:
    from tool_generator.emit.reference import emit_docs

    registry = compiled.registry
    document = registry.document
    files = {"py.typed": "", "registry.json": pretty(document)}
    # `--help` shows only the content of api.json, so it need not read the registry.
    files["api.json"] = pretty({"$generated": document["$generated"], "api": document["api"]})
    files["openapi.json"] = pretty(openapi_document(registry, compiled.notice))
    files[f"{registry.api.name}.lua"] = lua_annotations(registry, compiled.notice)
    for name, schema in argument_schemas.tool_schemas(registry, compiled.notice).items():
        files[f"schemas/{name}.json"] = pretty(schema)
    for name, text in shallow_schemas.shallow_schemas(registry, compiled.notice).items():
        files[f"schemas/shallow/{name}.json"] = text
    try:
        pages = emit_docs(registry, compiled.guide)
    except ValueError as error:
        raise SpecProblems([Problem(compiled.guide_folder, 1, str(error))]) from error
    for path, text in pages.items():
        files[path] = _marked(path, text, compiled.notice)
    return files


def _marked(path: str, text: str, notice: str) -> str:
    """Add the notice as a comment: at the top of a page, but below the title of llms.txt, which must come first."""
    text = text if text.endswith("\n") else text + "\n"
    mark = f"<!-- {notice} -->\n"
    return f"{mark}\n{text}" if path.endswith(".md") else f"{text}\n{mark}"
