"""The declarations: one module a chapter, `ch00`, `ch01` …, each with its `CHAPTER`.

Guides, notebooks, progress and checks read the same declaration. `trying` helps a check to call an answer and to
say what it tried.
"""
