"""Where keys come from: a command's output, a file that changes while it is read; and a process that looks again."""

import json
import stat
import sys
import threading
from pathlib import Path

import pytest

from integration_engine.security.key_file import add_index_key, add_sealing_key, drop_sealing_key
from integration_engine.security.keys import KeyMissing, KeyUnreadable, file_of, keyring, read_file, write_new


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    write_new(path)
    return path


def command(code: str) -> dict[str, str]:
    return {"CDR_KEYS_COMMAND": f"{sys.executable} -c '{code}'"}


def test_a_command_gives_the_keys_in_the_form_of_a_file(file: Path) -> None:
    given = command(f'print(open("{file}").read())')
    assert keyring(given).seal_fingerprints == read_file(file).seal_fingerprints
    assert keyring(given, Path("elsewhere.json")).index_version == 1, "it comes before a file"
    assert (file_of(given, file), file_of({}, file)) == (None, file)


@pytest.mark.parametrize(
    ("code", "error", "says"),
    [
        ('import sys; sys.stderr.write("hush"); sys.exit(7)', KeyMissing, "status 7"),
        ('print("hush")', KeyUnreadable, "not valid JSON"),
        ('print("[]")', KeyUnreadable, "needs a list"),
        ('import sys; sys.stdout.buffer.write(b"\\xff")', KeyMissing, "could not be called"),
    ],
)
def test_a_command_that_fails_is_a_sentence_that_quotes_nothing(
    code: str, error: type[Exception], says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(error, match=says) as caught:
        keyring(command(code))
    assert "hush" not in str(caught.value)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("text", ["/nowhere/at/all", "'open quote", "; rm -rf /"])
def test_a_command_is_called_without_a_shell(text: str) -> None:
    with pytest.raises(KeyMissing, match="could not be called"):
        keyring({"CDR_KEYS_COMMAND": text})


def test_a_new_sealing_key_stands_in_front_and_the_file_stays_its_owners(file: Path) -> None:
    (old,) = read_file(file).seal_fingerprints
    new = add_sealing_key(file)
    assert read_file(file).seal_fingerprints == (new, old)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not drop_sealing_key(file, "00000000")
    assert drop_sealing_key(file, old)
    assert read_file(file).seal_fingerprints == (new,)
    assert not drop_sealing_key(file, new), "the last is never taken out"
    assert [each.name for each in file.parent.iterdir()] == ["keys.json"]


def test_a_further_index_key_has_the_next_version(file: Path) -> None:
    assert add_index_key(file) == 2
    assert sorted(read_file(file).index_fingerprints) == [1, 2]


def test_two_who_change_the_file_at_once_lose_no_key(file: Path) -> None:
    threads = [threading.Thread(target=add_sealing_key, args=(file,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_file(file).seal_fingerprints) == 9


@pytest.mark.parametrize("content", ["", "{}", '{"seal": [], "index": {}}'])
def test_what_is_no_keys_file_is_not_changed(file: Path, content: str) -> None:
    file.write_text(content)
    with pytest.raises((KeyMissing, KeyUnreadable)):
        add_sealing_key(file)
    assert file.read_text() == content


def test_who_meets_a_key_it_does_not_hold_looks_again_where_keys_come_from(file: Path) -> None:
    running = read_file(file)
    add_sealing_key(file)
    sealed = read_file(file).seal(b"x")
    assert running.unseal(sealed) == b"x"
    assert running.sealing != read_file(file).sealing, "which one seals is the store's to say"
    assert running.seal_with(read_file(file).sealing)
    assert running.sealing == read_file(file).sealing


def test_index_keys_change_only_where_that_is_asked_for(file: Path) -> None:
    running = read_file(file)
    add_index_key(file)
    add_sealing_key(file)
    running.unseal(read_file(file).seal(b"x"))
    assert running.index_version == 1
    again = read_file(file)
    add_index_key(file)
    again.look_again()
    assert again.index_version == 3


def test_a_keys_file_that_is_lost_while_running_takes_no_key_away(file: Path) -> None:
    running = read_file(file)
    sealed, other = running.seal(b"x"), json.loads(file.read_text())
    file.unlink()
    running.look_again()
    assert running.unseal(sealed) == b"x"
    assert not running.seal_with("00000000")
    with pytest.raises(KeyMissing, match="00000000"):
        running.unseal(bytes(40))
    assert other["seal"]
