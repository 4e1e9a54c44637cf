"""`workshop run`: papermill over notebooks, through any executor, with a report that opens offline.

    notebook    what is known of a notebook before it runs
    parameters  `-p` and `-f` as sets of parameters
    plan        how many at once, in which order, with how many threads
    runner      `run_course`, which puts these together
    batch       tasks through an executor, and their end
    pool        the default executor
    worker      runs one notebook; engine is its papermill engine
    events      progress as JSON lines; tail follows them, state adds them up, screen shows them
    report      the pages
    result      what a run leaves
    errors      what can keep it from starting

Import from the modules: a worker that needs `worker` shouldn't load the rest.
"""
