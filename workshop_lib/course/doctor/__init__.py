"""Whether this machine can run the course, and what to do where it can't.

diagnose(machine)   every check's `Finding`s, in the order they are shown
Finding, Mark       one line: ok, warn or fail; what was found; how to mend it
Machine             what the checks may look at; tests hand in one of their own
Model               how a model that a package carries is found
ThisMachine         the real one
can_run(findings)   whether the course can run at all
"""

from workshop_lib.course.doctor.checks import CHECKS, can_run, diagnose
from workshop_lib.course.doctor.finding import Finding, Mark
from workshop_lib.course.doctor.machine import Machine, Model, Ran, ThisMachine

__all__ = ["CHECKS", "Finding", "Machine", "Mark", "Model", "Ran", "ThisMachine", "can_run", "diagnose"]
