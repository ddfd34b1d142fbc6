"""Credentials: which keys of an account a call needs, and where they go.

Owns the choice among the alternatives that a tool declares: the first one whose keys the account holds. A key goes to
the places of that alternative and nowhere else; a tool that declares none gets none. Knows no HTTP.
"""

from tool_runtime.core.account import Account
from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Auth, Tool
from tool_runtime.values.secrets import Secret


def alternatives_of(tool: Tool, registry: Registry) -> tuple[tuple[str, ...], ...]:
    """Return the alternatives of schemes that hold for a tool; `((),)` where it needs no key."""
    declared = registry.security if tool.security is None else tool.security
    return declared or ((),)


def chosen(tool: Tool, registry: Registry, account: Account) -> tuple[tuple[Auth, ...], str]:
    """Return where the keys of a call go, and the name of the first scheme whose key the account lacks.

    Example: a tool with the alternatives `[["login"], ["token"]]` and an account that holds `token` give the place of
    the token, and an empty name.
    """
    # Where a key may be left out, a key that the account holds is still used: it lifts limits, and shows more.
    alternatives = sorted(alternatives_of(tool, registry), key=lambda together: not together)
    for together in alternatives:
        if all(credential(account, name, registry) is not None for name in together):
            return tuple(registry.schemes[name] for name in together), ""
    wanted = alternatives[0]
    return (), next(name for name in wanted if credential(account, name, registry) is None)


def credential(account: Account, scheme: str, registry: Registry) -> Secret | None:
    """Return the key of an account for a scheme, in its `Secret`; None where it has none."""
    return key_of(account, registry.schemes[scheme], registry.auth) if scheme in registry.schemes else None


def key_of(account: Account, scheme: Auth, usual: Auth) -> Secret | None:
    """Return the key for a scheme: the account's own of that name, else its first key for the usual scheme."""
    own = account.credentials.get(scheme.scheme)
    return own if own is not None else account.key if scheme.scheme == usual.scheme else None
