"""Make ``.venv`` and fill it, from the standard library alone. Run by ``scripts/setup.sh``.

plan         what was asked, what is there, and so what to do: pure decisions
machine      Python's own parts, the disk
lock         one set-up at a time in one folder
pip          run pip under a log, with signs of life
problems     pip's log to one line that says what to do
wheelhouse   the folder that a room without a network installs from
setup        the steps, in order
"""
