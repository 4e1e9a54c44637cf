"""The declarations: one package a chapter, `ch00`, `ch01` …, with its `CHAPTER` and one module an exercise.

Guides, notebooks, progress and checks read the same declaration. `trying` helps a check to call an answer and to
say what it tried.
"""
