"""Writes recorded mistakes as what they change in a right answer."""

from collections.abc import Callable


def variants(template: str, **right: str) -> Callable[..., str]:
    """A function that fills `template` with what is right, apart from what it is given::

        slip = variants("def double(n): return {factor} * n", factor="2")
        slip(factor="3")

    Raises:
        KeyError: a field of the template isn't given. The function raises TypeError for a change without a field.
    """
    template.format(**right)

    def variant(**changes: str) -> str:
        if unknown := changes.keys() - right.keys():
            raise TypeError(f"expected changes of {sorted(right)}, got {sorted(unknown)}")
        return template.format(**(right | changes))

    return variant
