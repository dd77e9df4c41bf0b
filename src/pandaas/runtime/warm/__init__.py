"""The warm pool of the local engine: jobs forked from processes that have imported their codes.

`pool` is the engine's side, `keeper` a process of its own that keeps templates and forks supervisors, `supervision` what
such a supervisor does differently, `tree` the job's file system, made of the very words that bubblewrap would get.
"""
