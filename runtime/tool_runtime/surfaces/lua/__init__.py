"""The surface Lua: scripts over the tools, each in a fresh locked process.

    script_limits   what a script may use
    script_results  what a run leaves: output, result, error, calls, whether it may be repeated
    namespaces      what a script can call, as data and a way to call it: tools, waiters, pages, docs
    empty_tables    `{}` as a list where the schema wants a list
    script_process  the child process and its frames; treats the child as hostile
    script_calls    one call of a script: journal, approval, ledger
    script_run      one run: the loop between child and calls, and the limits
    lua_session     run_lua, resume_lua, LuaSession
    lua_words       words of Lua 5.4; lua_syntax is the parser over them
    script_check    validation: what can be seen without running
    child/          what runs in the child: Lua 5.4, its environment, the lock

The key never comes near a script: the child gets no environment, no files and no network, and asks the host for every
call by text. The host resolves the name, decides, sends, and answers with text.
"""
