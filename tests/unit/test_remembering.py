"""What is kept in files: details of images in the cache, sightings in the state folder."""

import sqlite3
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from manager.disk import detail_cache as kept
from manager.disk.core.last_use import Sighting
from manager.disk.detail_cache import ImageDetailCache
from manager.disk.sightings import SightingStore
from manager.model.images import HistoryRow, ImageDetail

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
DETAIL = ImageDetail(("sha256:a", "sha256:b"), (HistoryRow(7, "ADD x /"),), (10, 500))


def test_details_are_kept_for_one_store_each(tmp_path: Path) -> None:
    one, other = ImageDetailCache(tmp_path, "one"), ImageDetailCache(tmp_path, "other")
    assert one.load() == {}
    assert one.add({"i": DETAIL}, ["i"]) == ""
    assert one.load() == {"i": DETAIL}
    assert other.load() == {}
    assert stat.S_IMODE((tmp_path / kept.CACHE_FILE_NAME).stat().st_mode) == 0o600


def test_images_that_are_gone_are_forgotten(tmp_path: Path) -> None:
    cache = ImageDetailCache(tmp_path, "one")
    cache.add({"i": DETAIL, "j": DETAIL}, ["i", "j"])
    cache.add({"k": DETAIL}, ["j", "k"])
    assert set(cache.load()) == {"j", "k"}


@pytest.mark.parametrize("rubbish", [b"no database at all, but long enough to be read", b""])
def test_a_damaged_cache_is_begun_anew(tmp_path: Path, rubbish: bytes) -> None:
    (tmp_path / kept.CACHE_FILE_NAME).write_bytes(rubbish)
    cache = ImageDetailCache(tmp_path, "one")
    assert cache.load() == {}
    assert cache.add({"i": DETAIL}, ["i"]) == ""
    assert cache.load() == {"i": DETAIL}


def test_a_row_that_makes_no_sense_is_thrown_away(tmp_path: Path) -> None:
    cache = ImageDetailCache(tmp_path, "one")
    cache.add({"i": DETAIL}, ["i"])
    with sqlite3.connect(tmp_path / kept.CACHE_FILE_NAME) as database:
        database.execute("UPDATE details SET detail = '[1'")
    database.close()
    assert cache.load() == {}


def test_what_another_version_wrote_is_not_read(tmp_path: Path) -> None:
    cache = ImageDetailCache(tmp_path, "one")
    cache.add({"i": DETAIL}, ["i"])
    with sqlite3.connect(tmp_path / kept.CACHE_FILE_NAME) as database:
        database.execute(f"PRAGMA user_version = {kept.CACHE_VERSION + 1}")
    database.close()
    assert cache.load() == {}


def test_a_cache_that_is_being_written_is_passed_over_and_not_thrown_away(tmp_path: Path) -> None:
    cache = ImageDetailCache(tmp_path, "one", patience=0.05)
    cache.add({"i": DETAIL}, ["i"])
    writer = sqlite3.connect(tmp_path / kept.CACHE_FILE_NAME, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    assert cache.load() == {}
    assert "locked" in cache.add({"j": DETAIL}, ["i", "j"])
    writer.execute("ROLLBACK")
    writer.close()
    assert cache.load() == {"i": DETAIL}


def test_a_cache_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert ImageDetailCache(tmp_path / "file" / "folder", "one").add({"i": DETAIL}, ["i"]) != ""


def test_sightings_are_added_and_only_move_forward(tmp_path: Path) -> None:
    store = SightingStore(tmp_path)
    assert store.read_sightings("engine") == {}
    store.record_images("engine", ["i", "j"], {"i": NOW}, NOW)
    later = NOW + timedelta(hours=3)
    store.record_images("engine", ["i", "j"], {"i": NOW - timedelta(days=1), "j": later}, later)
    assert store.read_sightings("engine") == {"i": Sighting(NOW, NOW), "j": Sighting(NOW, later)}
    assert store.read_sightings("another") == {}


def test_sightings_of_images_that_are_gone_are_forgotten(tmp_path: Path) -> None:
    store = SightingStore(tmp_path)
    store.record_images("engine", ["i", "j"], {}, NOW)
    store.record_images("engine", ["j"], {}, NOW)
    assert set(store.read_sightings("engine")) == {"j"}
