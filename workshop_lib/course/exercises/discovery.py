"""Collects a chapter's exercises: every module beside its declaration that has an `EXERCISE`."""

import importlib
import pkgutil

from workshop_lib.course.exercises.model import Exercise


def exercises_in(package: str) -> tuple[Exercise, ...]:
    """The `EXERCISE` of each module in `package`, in the order of their ids."""
    path = importlib.import_module(package).__path__
    modules = (importlib.import_module(f"{package}.{m.name}") for m in pkgutil.iter_modules(path))
    found = (getattr(module, "EXERCISE", None) for module in modules)
    return tuple(sorted((e for e in found if e is not None), key=lambda e: e.key))
