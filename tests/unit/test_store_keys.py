"""Keys: what one seals, rotation still opens; what is altered or whose key is lost says so."""

import base64
import stat
import zlib
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from integration_engine.record.notice import DeathNotice
from integration_engine.security.keys import (
    IndexKey,
    KeyMissing,
    Keyring,
    KeyUnreadable,
    SealBroken,
    keyring,
    write_new,
)
from integration_engine.store.sealing import Unreadable, seal, seal_notice, unseal, unseal_notice
from tests import store_samples


def test_what_was_sealed_comes_back_and_never_reads_as_itself() -> None:
    keys = store_samples.keyring()
    sealed = keys.seal(b"Barnaby Quillfeather")
    assert b"Quillfeather" not in sealed
    assert keys.unseal(sealed) == b"Barnaby Quillfeather"


def test_what_an_earlier_version_sealed_otherwise_still_opens() -> None:
    key = Fernet.generate_key()
    keys = Keyring([key], [IndexKey(1, bytes(32))])
    earlier = bytes.fromhex(keys.seal_fingerprints[0]) + base64.urlsafe_b64decode(Fernet(key).encrypt(b"Quillfeather"))
    assert keys.unseal(earlier) == b"Quillfeather"
    with pytest.raises(SealBroken):
        keys.unseal(earlier[:-1] + bytes([earlier[-1] ^ 1]))


def test_the_same_content_is_never_sealed_the_same_twice() -> None:
    keys = store_samples.keyring()
    assert keys.seal(b"Barnaby Quillfeather") != keys.seal(b"Barnaby Quillfeather")


def test_what_an_earlier_version_compressed_otherwise_still_opens() -> None:
    keys = store_samples.keyring()
    content = b"Barnaby Quillfeather " * 100
    assert unseal(keys, keys.seal(zlib.compress(content, 1))) == content
    assert unseal(keys, seal(keys, content)) == content
    assert len(seal(keys, content)) < len(content) / 5


def test_after_a_rotation_old_seals_still_open_and_new_ones_use_the_new_key() -> None:
    old, rotated = store_samples.keyring(1), store_samples.keyring(2, 1)
    sealed = old.seal(b"x")
    assert rotated.unseal(sealed) == b"x"
    assert not rotated.sealed_with_newest(sealed)
    assert rotated.sealed_with_newest(rotated.seal(b"x"))


def test_a_lost_key_is_named_by_its_fingerprint() -> None:
    sealed = store_samples.keyring(1).seal(b"x")
    with pytest.raises(KeyMissing, match=store_samples.keyring(1).seal_fingerprints[0]):
        store_samples.keyring(2).unseal(sealed)


@pytest.mark.parametrize("length", [4, 5, 17, 30])
def test_sealed_bytes_that_were_cut_are_refused(length: int) -> None:
    keys = store_samples.keyring()
    with pytest.raises(SealBroken):
        keys.unseal(keys.seal(b"something long enough to be cut")[:length])


@pytest.mark.parametrize("place", [4, 5, 30, -1])
def test_sealed_bytes_that_were_altered_are_refused(place: int) -> None:
    keys = store_samples.keyring()
    sealed = bytearray(keys.seal(b"something long enough to be cut"))
    sealed[place] ^= 1
    with pytest.raises(SealBroken):
        keys.unseal(bytes(sealed))


def test_one_rows_seal_is_not_accepted_in_anothers_place() -> None:
    keys = store_samples.keyring()
    notice = next(iter(store_samples.read(store_samples.report()))).notices[0]
    assert isinstance(notice, DeathNotice)
    sealed = seal_notice(keys, notice)
    assert unseal_notice(keys, sealed, notice.id) == notice
    with pytest.raises(SealBroken, match="another"):
        unseal_notice(keys, sealed, "n-another")


def test_a_sealed_notice_of_another_version_says_where_it_does_not_read_and_quotes_nothing() -> None:
    keys = store_samples.keyring()
    with pytest.raises(Unreadable, match=r"at child\.sex") as caught:
        unseal_notice(keys, seal(keys, b'{"child": {"sex": "Quillfeather"}}'), "n-1")
    assert "Quillfeather" not in str(caught.value)


def test_a_blind_index_finds_the_same_text_only_and_only_for_its_purpose() -> None:
    keys = store_samples.keyring()
    assert keys.blind("block", "nhs:9991000003") == keys.blind("block", "nhs:9991000003")
    assert keys.blind("block", "nhs:9991000003") != keys.blind("block", "nhs:9991004114")
    assert keys.blind("block", "x") != keys.blind("content", "x")


def test_a_lookup_tries_every_index_key_held_and_entries_use_the_newest() -> None:
    first, both = store_samples.keyring(), store_samples.keyring(index=2)
    assert first.blind("block", "x") in both.blinds("block", "x")
    assert both.blind("block", "x") == both.blinds("block", "x")[0] != first.blind("block", "x")
    with pytest.raises(KeyMissing):
        first.blind("block", "x", version=2)


def test_a_new_keys_file_can_be_read_by_its_owner_alone_and_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "var" / "keys.json"
    write_new(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    keys = keyring({}, path)
    assert keys.unseal(keys.seal(b"x")) == b"x"
    with pytest.raises(FileExistsError):
        write_new(path)


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    write_new(tmp_path / "keys.json")
    seal = base64.urlsafe_b64encode(b"sealing key that is 32 bytes, ok").decode()
    given = {"CDR_SEAL_KEYS": seal, "CDR_INDEX_KEYS": f"3:{seal}", "CDR_KEYS_FILE": str(tmp_path / "none.json")}
    with pytest.raises(KeyUnreadable, match="sealing key"):
        keyring({**given, "CDR_SEAL_KEYS": "no key"})
    with pytest.raises(KeyMissing, match="does not exist"):
        keyring({"CDR_KEYS_FILE": given["CDR_KEYS_FILE"]}, tmp_path / "keys.json")
    assert keyring(given).index_version == 3


SEAL = base64.urlsafe_b64encode(b"sealing key that is 32 bytes, ok").decode()


def index_key(length: int = 32) -> str:
    return base64.urlsafe_b64encode(bytes(length)).decode()


@pytest.mark.parametrize(
    "index",
    [
        pytest.param(f"1:{index_key(31)}", id="shorter than 32 bytes"),
        pytest.param(f"0:{index_key()}", id="of version 0"),
        pytest.param(f"one:{index_key()}", id="of no version"),
        pytest.param(f"1:{index_key()},1:{index_key(33)}", id="two of one version"),
    ],
)
def test_an_index_key_that_is_none_is_refused_and_not_quoted(index: str) -> None:
    with pytest.raises(KeyUnreadable) as refused:
        keyring({"CDR_SEAL_KEYS": SEAL, "CDR_INDEX_KEYS": index})
    assert index_key(31)[:20] not in str(refused.value)


def test_blanks_and_commas_between_keys_mean_nothing() -> None:
    given = {"CDR_SEAL_KEYS": f" {SEAL} , ", "CDR_INDEX_KEYS": f" 1: {index_key()} ,, 2:{index_key(40)} "}
    assert keyring(given).index_version == 2


def test_the_environment_or_a_command_needs_no_file_and_makes_none(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    keyring({"CDR_SEAL_KEYS": SEAL, "CDR_INDEX_KEYS": f"1:{index_key()}"}, file, create=True)
    assert not file.exists()
    with pytest.raises(KeyMissing):
        keyring({}, file)
    made = keyring({}, file, create=True)
    assert keyring({}, file, create=True).seal_fingerprints == made.seal_fingerprints


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"seal": "x", "index": {}}', '{"seal": ["x"], "index": {"1": "x"}}']
)
def test_a_keys_file_that_is_none_says_so_without_quoting_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises((KeyUnreadable, KeyMissing)):
        keyring({}, path)


def test_no_keys_at_all_is_a_sentence_about_what_to_set() -> None:
    with pytest.raises(KeyMissing, match="CDR_SEAL_KEYS"):
        keyring({})
    with pytest.raises(KeyMissing, match="index key"):
        Keyring([base64.urlsafe_b64encode(bytes(32))], [])
