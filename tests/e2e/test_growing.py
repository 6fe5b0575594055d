"""A log is read on, not again, and what stands in it is the same."""

from growing import GrowingLog, Watch


def append(path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_lines_come_when_they_are_whole(tmp_path):
    path, log = tmp_path / "log", GrowingLog()
    assert log.lines(path, 0) == []
    append(path, b'before\n{"a": 1}\nno json\n[2]\n{"b"')
    assert log.lines(path, 7) == [{"a": 1}]
    append(path, b": 2}\n")
    assert log.lines(path, 7) == [{"a": 1}, {"b": 2}]


def test_another_start_another_file_and_a_shorter_one(tmp_path):
    path, log = tmp_path / "log", GrowingLog()
    append(path, b'{"a": 1}\n{"b": 2}\n')
    assert log.lines(path, 0) == [{"a": 1}, {"b": 2}]
    assert log.lines(path, 9) == [{"b": 2}]
    path.rename(tmp_path / "old")
    assert log.lines(path, 0) == []
    append(path, b'{"c": 3}\n{"d": 4}\n')
    assert log.lines(path, 0) == [{"c": 3}, {"d": 4}]
    path.write_bytes(b'{"e": 5}\n')
    assert log.lines(path, 0) == [{"e": 5}]


def test_a_word_is_found_though_it_comes_by_half(tmp_path):
    path, watch = tmp_path / "log", Watch("check failed", "runtime error:")
    assert watch.found(path) == []
    append(path, b"all is well\nche")
    assert watch.found(path) == []
    append(path, b"ck failed: x\n")
    assert watch.found(path) == ["check failed"]
    append(path, b"more\n")
    assert watch.found(path), "it is not forgotten"
