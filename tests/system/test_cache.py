"""The cache: never wrong, at worst slow."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from celeryleak_lint.model.source import SourceFile
from celeryleak_lint.system.cache import FOLDER, Cache, Entry, clean, digest_of, open_cache

ENTRY = Entry(b"digest", False, b"payload")
PATHS = frozenset({"a.py"})


def opened(root: Path, folder: str | None = None) -> Cache:
    cache = open_cache(str(root), folder)
    assert cache is not None
    return cache


def filled(root: Path) -> Cache:
    cache = opened(root)
    cache.put("a.py", ENTRY)
    cache.save(PATHS)
    return cache


def test_what_was_saved_is_found_by_its_digest_only(tmp_path: Path) -> None:
    filled(tmp_path)
    assert opened(tmp_path).get("a.py", b"digest") == ENTRY
    assert opened(tmp_path).get("a.py", b"other") is None
    assert opened(tmp_path).get("b.py", b"digest") is None


def test_the_cache_hides_itself_from_git(tmp_path: Path) -> None:
    filled(tmp_path)
    assert (tmp_path / FOLDER / ".gitignore").read_text() == "*\n"


def test_files_that_are_gone_are_forgotten(tmp_path: Path) -> None:
    cache = filled(tmp_path)
    cache.put("a.py", ENTRY)
    cache.save(frozenset())
    assert opened(tmp_path).get("a.py", b"digest") is None


@pytest.mark.parametrize("damage", [b"", b"short", b"\x00" * 500, b"\xff" * 21])
def test_damaged_pack_counts_as_absent(tmp_path: Path, damage: bytes) -> None:
    cache = filled(tmp_path)
    (pack,) = Path(cache.folder).glob("*.pack")
    pack.write_bytes(damage)
    assert opened(tmp_path).get("a.py", b"digest") is None


def test_one_changed_bit_is_noticed(tmp_path: Path) -> None:
    cache = filled(tmp_path)
    (pack,) = Path(cache.folder).glob("*.pack")
    data = bytearray(pack.read_bytes())
    data[-1] ^= 1
    pack.write_bytes(data)
    assert opened(tmp_path).get("a.py", b"digest") is None


def test_no_half_written_pack_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = filled(tmp_path)
    before = {path.name: path.read_bytes() for path in Path(cache.folder).iterdir()}

    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", broken)
    cache.put("a.py", Entry(b"new", False, b"new"))
    cache.save(PATHS)
    assert {path.name: path.read_bytes() for path in Path(cache.folder).iterdir()} == before


def test_folder_that_is_a_link_is_not_used(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.mkdir()
    root = tmp_path / "root"
    root.mkdir()
    (root / FOLDER).symlink_to(target)
    assert open_cache(str(root), None) is None
    assert clean(str(root), None) is None


def test_projects_do_not_share_entries_in_one_folder(tmp_path: Path) -> None:
    one, two = (opened(tmp_path / name, str(tmp_path / "cache")) for name in ("one", "two"))
    one.put("a.py", ENTRY)
    one.save(PATHS)
    assert two.get("a.py", b"digest") is None


def test_clean_deletes_only_what_is_ours(tmp_path: Path) -> None:
    foreign = tmp_path / FOLDER
    foreign.mkdir()
    (foreign / "keep").touch()
    assert clean(str(tmp_path), None) is None
    assert (foreign / "keep").exists()
    (foreign / "keep").unlink()
    foreign.rmdir()
    filled(tmp_path)
    assert clean(str(tmp_path), None) == str(foreign)
    assert not foreign.exists()


def test_digest_depends_on_content_and_name() -> None:
    file = SourceFile("a.py", "a", False)
    others = [SourceFile("b.py", "a", False), SourceFile("a.py", "b", False)]
    others += [SourceFile("a.py", "a", True), SourceFile("a.py", "a", False, is_test=True)]
    digests = {digest_of(other, b"x") for other in others} | {digest_of(file, b"y")}
    assert len(digests) == 5
    assert digest_of(file, b"x") not in digests
