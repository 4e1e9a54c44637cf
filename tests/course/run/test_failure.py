from workshop_lib.course.run.failure import shortened


def test_colours_and_long_texts_are_cut():
    assert shortened("\x1b[0;31mValueError\x1b[0m: no \n") == "ValueError: no"
    assert shortened("\n".join("abcdefghij")).splitlines() == ["a", "b", "c", "d", "e", "…"]
    assert len(shortened("x" * 5000)) == 600
