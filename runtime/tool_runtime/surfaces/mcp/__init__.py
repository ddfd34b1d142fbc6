"""The surface MCP: the tools for agent clients, and the tools of other servers.

The official `mcp` SDK is imported here and nowhere else, and only when a server or a connection starts.

Serve:

    serve_options     what a server offers: mode, writes, selection, limits; profiles keep such choices
    exposure          which tools are offered and called at all
    served_client     the client of the server: what the gate would say, and the digest of a call
    desk              calls that are under way: they end although nobody listens, and equal ones are joined
    approvals         a person's yes, in both eras of the protocol; used once
    calls             one call of a tool, from the wish to the envelope
    waits_and_handles bounded waits, and handles to go on from
    cutting           results cut at element borders
    untrusted_text    what callers said, marked
    faces             the tools that a client sees, one set for each mode
    reading           pages of the reference as resources, completion, prompts
    execute_lua       scripts, for code mode
    pass_through      another server's tools, resources and prompts under the same gate and ledger
    stdio_serving     the server of the SDK; stdio; http_serving: HTTP

Use:

    server_entries    what the files of editors and agents say about servers
    server_trust      which servers of a project may run
    server_secrets    secret values that entries refer to
    connected_server  one connection: started when needed, made again after a death
    hub               all connections of a process
    server_calls      tools, resources and prompts of a server for people and scripts
    script_servers    the namespace `mcp` of scripts

Others' files:

    client_files      where each client keeps its servers, and in which form
    bundle            the `.mcpb` and the registry's `server.json`
"""
