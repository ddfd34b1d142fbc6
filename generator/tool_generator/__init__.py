"""The generator: makes bindings, schemas, a registry and a reference from a folder of YAML files.

    load/          from the files of a spec to a typed spec, with the line of every value
    check/         what is wrong with a spec, beyond its grammar
    compile/       from the typed spec to the registry, from which everything else is made
    emit/          the Python package, schemas, the reference, the sources of the docs site
    publish/       from the sources of the docs site to a folder that a web server shows
    openapi/, model/   from an OpenAPI document to schemas and operations in wire terms; the same for a spec
    compare/, importing/   what a document and a spec say differently; a spec brought up to date with a document
    release/       version, changelog and output, written together
    maintain/      help for people who write a spec by hand
    identifiers.py the only way in which names enter generated code
    problems.py    what is wrong, with its place
    generate.py, cli.py   all steps together, the command

The generator reads a spec and writes files. It never calls the API that the spec describes, and no other package
imports the generator.
"""
