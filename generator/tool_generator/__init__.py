"""The generator: from a folder of YAML to bindings, schemas, a registry and a reference.

    sources.py, spec.py      the files of a spec as values, with the line of every value
    grammar.py, lint/, destinations.py   what is wrong with them
    parameters.py, compile.py   the registry, from which everything else is made
    identifiers.py, literals.py   the doors through which names and values enter generated code
    python_types.py, bindings.py, webhook_bindings.py, docstrings.py   the Python package
    argument_schemas.py, docs/    JSON Schemas and the reference
    generate.py, output.py, cli.py   the whole way, the files, the command

It reads a spec and writes files; it never calls the API that the spec describes, and nothing imports it.
"""
