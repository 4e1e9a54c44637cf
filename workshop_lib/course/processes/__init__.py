"""Processes that a chapter starts, kills and starts again.

SideProcess                                   one of them, seen from the notebook
workshop_lib.course.processes.tally           the service `Tally`, with the student's answers and a wish to hang
"""

from workshop_lib.course.processes.side import Line, SideProcess, SideProcessEnded

__all__ = ["Line", "SideProcess", "SideProcessEnded"]
