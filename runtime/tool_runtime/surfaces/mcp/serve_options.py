"""What a server offers, as whoever starts the server chose: the mode, writes, the selection of tools, limits.

Profiles keep such choices under a name in the user's own configuration folder. A project has no profiles: whoever
clones a hostile repository must not get a server that may dial.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from tool_runtime.errors import ConfigurationError, UsageError
from tool_runtime.values.suggestions import nearest

MODES = ("search", "code", "tools")
WRITES = ("deny", "ask", "allow")
SMALLEST_RESULT, LARGEST_RESULT = 2_000, 900_000
# Clients give up after 60 seconds; what takes longer is answered with a handle before that.
LONGEST_PATIENCE = 55.0


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """The choices for one server.

    `expose` is one of `MODES`. `write` says what becomes of writes: `deny` hides and refuses them, `ask` asks a person,
    `allow` lifts a policy's `ask` and never its `deny`. `include` and `exclude` select tools by name, `group:NAME`,
    `class:read` or `effect:dial`. `upstreams` are the names of other servers. `max_result_bytes` is how long a result
    may be, `patience` how many seconds a request may last before it is answered with a handle.
    """

    expose: str = "search"
    write: str = "deny"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    upstreams: tuple[str, ...] = ()
    resources: bool = True
    prompts: bool = True
    max_result_bytes: int = 50_000
    patience: float = 45.0

    def __post_init__(self) -> None:
        """Refuse a word that means nothing: a misspelt `deny` must not allow."""
        _one_of("expose", self.expose, MODES)
        _one_of("write", self.write, WRITES)
        for name in ("include", "exclude", "upstreams"):
            given = getattr(self, name)
            if not isinstance(given, tuple) or not all(isinstance(one, str) and one.strip() for one in given):
                raise UsageError(f"{name} is a list of names, not {given!r:.80}")
        for name in ("resources", "prompts"):
            if not isinstance(getattr(self, name), bool):
                raise UsageError(f"{name} is true or false, not {getattr(self, name)!r:.80}")
        size: Any = self.max_result_bytes
        if isinstance(size, bool) or not isinstance(size, int) or not SMALLEST_RESULT <= size <= LARGEST_RESULT:
            raise UsageError(f"max_result_bytes is a number from {SMALLEST_RESULT} to {LARGEST_RESULT}, not {size!r}")
        patience: Any = self.patience
        if isinstance(patience, bool) or not isinstance(patience, int | float) or not 0 < patience <= LONGEST_PATIENCE:
            raise UsageError(f"patience is a number of seconds, at most {LONGEST_PATIENCE:g}, not {patience!r}")


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile: its name, and the choices that were made, and no others."""

    name: str
    choices: Mapping[str, Any] = field(default_factory=dict)


def _one_of(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        near = nearest(str(value), allowed)
        hint = f"Did you mean {near}?" if near else None
        raise UsageError(f"{name} is one of {', '.join(allowed)}, not {value!r:.80}", hint=hint)


CHOICES = tuple(one.name for one in fields(ServeOptions))


def chosen(given: Mapping[str, Any], profile: Profile | None = None) -> ServeOptions:
    """Return the options: what is given goes before the profile, which goes before the defaults.

    Values that are None, and empty lists, were not given. Raises `UsageError`.
    """
    picked = dict(profile.choices) if profile is not None else {}
    picked |= {name: value for name, value in given.items() if value is not None and value != ()}
    try:
        return replace(ServeOptions(), **picked)
    except UsageError as error:
        if profile is None:
            raise
        raise UsageError(f"profile {profile.name}: {error.message}", hint=error.hint) from None


def profiles_path(folder: Path) -> Path:
    """Return the file of the profiles in the user's configuration folder."""
    return folder / "mcp_profiles.toml"


def read_profile(path: Path, name: str) -> Profile:
    """Return a profile. Raises `ConfigurationError` for a file that cannot be read, and for an unknown profile."""
    known = read_profiles(path)
    if name not in known:
        near = nearest(name, known)
        hint = f"Did you mean {near}?" if near else f"Profiles: {', '.join(known) or 'none'}."
        raise ConfigurationError(f"{path} has no profile {name[:80]!r}", hint=hint)
    return known[name]


def read_profiles(path: Path) -> dict[str, Profile]:
    """Return every profile of the file. A file that does not exist has none."""
    import tomllib

    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    found = {}
    for name, entry in document.items():
        if not isinstance(entry, dict):
            raise ConfigurationError(f"{path}: {name} is no table of choices")
        for choice in entry:
            if choice not in CHOICES:
                near = nearest(choice, CHOICES)
                hint = f"Did you mean {near}?" if near else f"Choices: {', '.join(CHOICES)}."
                raise ConfigurationError(f"{path}: [{name}] has no choice {choice!r}", hint=hint)
        found[name] = Profile(
            name, {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
        )
    return found


def keep_profile(path: Path, profile: Profile) -> None:
    """Write a profile into the file, beside the others. Raises `UsageError` and `ConfigurationError`."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    from tool_runtime.accounts.private_files import locked, replace_text
    from tool_runtime.values.secrets import Secret

    chosen({}, profile)
    with locked(path) as target:
        try:
            document = tomlkit.parse(target.read_text(encoding="utf-8")) if target.exists() else tomlkit.document()
        except (OSError, UnicodeDecodeError, TOMLKitError) as error:
            raise ConfigurationError(f"{path} cannot be read: {error}") from None
        document[profile.name] = {
            key: list(value) if isinstance(value, tuple) else value for key, value in profile.choices.items()
        }
        replace_text(target, Secret(tomlkit.dumps(document)))
