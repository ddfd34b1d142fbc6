"""A spec several times as large as a given one: every tool and every type again, under other names."""

import re
from pathlib import Path
from typing import Any

import yaml


def write_large_spec(source: Path, target: Path, times: int) -> None:
    """Write a spec with `times` as many tools and types into a new folder."""
    api = yaml.safe_load((source / "api.yaml").read_text(encoding="utf-8"))
    groups = list(api["api"]["groups"])
    api["api"]["groups"] = [_copy_name(group, copy) for copy in range(times) for group in groups]
    _write(target / "api.yaml", api)
    for name in ("sandbox.yaml", "demo.yaml"):
        if (source / name).is_file():
            (target / name).write_bytes((source / name).read_bytes())
    for page in (source / "guide").glob("*.md"):
        (target / "guide").mkdir(exist_ok=True)
        (target / "guide" / page.name).write_bytes(page.read_bytes())
    types = {path: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (source / "types").glob("*.yaml")}
    type_names = {name for document in types.values() for name in document["types"]}
    for copy in range(times):
        for path in (source / "tools").glob("*.yaml"):
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
            _write(target / "tools" / f"{path.stem}_{copy}.yaml", _copy_group(document, copy, type_names))
        for path, document in types.items():
            renamed = {f"{name}{_suffix(copy)}": entry for name, entry in document["types"].items()}
            content = _rename_types({"types": renamed}, copy, type_names)
            _write(target / "types" / f"{path.stem}_{copy}.yaml", content)


def _copy_group(document: dict[str, Any], copy: int, type_names: set[str]) -> dict[str, Any]:
    tools = {}
    for name, entry in document["tools"].items():
        twin = dict(entry)
        if copy:
            twin["full_name"] = f"{entry.get('full_name', 'retell_ai_' + name)}_{copy}"
            twin["aliases"] = [f"{alias}_{copy}" for alias in entry.get("aliases", [])]
            twin["upstream"] = f"{entry.get('upstream', name)}{copy}"
            # Only one tool can be the sandbox's create, get or list of a resource.
            twin.pop("resource", None)
        tools[_copy_name(name, copy)] = twin
    whole = document | {"group": _copy_name(document["group"], copy), "tools": tools}
    return _rename_types(whole, copy, type_names)


def _rename_types(value: Any, copy: int, type_names: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _rename_reference(key, part, copy, type_names) for key, part in value.items()}
    return [_rename_types(part, copy, type_names) for part in value] if isinstance(value, list) else value


def _rename_reference(key: str, value: Any, copy: int, type_names: set[str]) -> Any:
    if key == "$ref" and isinstance(value, str) and value in type_names:
        return f"{value}{_suffix(copy)}"
    return _rename_types(value, copy, type_names)


def _suffix(copy: int) -> str:
    return f"Copy{copy}" if copy else ""


def _copy_name(name: str, copy: int) -> str:
    return f"{name}_{copy}" if copy else name


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)
    path.write_text(re.sub(r"\n\n+", "\n", text), encoding="utf-8")
