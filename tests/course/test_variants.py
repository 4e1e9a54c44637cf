import pytest

from workshop_lib.course.exercises.variants import variants


def test_a_variant_is_right_but_for_what_is_changed() -> None:
    slip = variants("{{}} {a} {b}", a="1", b="2")
    assert (slip(), slip(b="3")) == ("{} 1 2", "{} 1 3")


def test_a_change_without_a_place_or_a_place_without_a_text_is_refused() -> None:
    with pytest.raises(TypeError, match=r"\['a'\], got \['b'\]"):
        variants("{a}", a="1")(b="2")
    with pytest.raises(KeyError, match="b"):
        variants("{a} {b}", a="1")
