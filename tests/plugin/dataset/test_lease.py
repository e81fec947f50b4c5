"""The right to write a field: whoever takes it in the moment in which another one looks keeps it."""

from __future__ import annotations

import fiftyone as fo
import pytest


def test_a_lease_that_is_taken_between_two_looks_is_not_taken_away(part, monkeypatch):
    """It was: two runs declared fields at once, and one lost its own."""
    lease = part("dataset.lease")
    dataset = fo.Dataset()
    first, second = lease.Lease(dataset, "f", "scoring"), lease.Lease(dataset, "f", "scoring")
    look, looked = second._store.get, []

    def get(key):
        found = look(key)
        if not looked:
            looked.append(key)
            first.take()
        return found

    monkeypatch.setattr(second._store, "get", get)
    with pytest.raises(lease.FieldBusy, match="under way"):
        second.take()
    first.renew()  # raises if it has it no more
    first.release()
    second.take()
    second.release()
    dataset.delete()


def test_a_lease_whose_holder_is_gone_is_taken_over(part):
    lease = part("dataset.lease")
    dataset = fo.Dataset()
    first, second = lease.Lease(dataset, "f", "scoring"), lease.Lease(dataset, "f", "scoring")
    first.take()
    first._store.set("f", {**first._store.get("f"), "until": 0.0})
    second.take()
    with pytest.raises(lease.LeaseLost):
        first.renew()
    dataset.delete()


def test_a_lease_whose_last_renewal_the_database_has_forgotten_is_still_held(part):
    """A database that is killed forgets its last moment."""
    lease = part("dataset.lease")
    dataset = fo.Dataset()
    first = lease.Lease(dataset, "f", "scoring")
    first.take()
    older = first._store.get("f")
    first.renew()
    first._store.set("f", older)
    first.renew()
    first._store.set("f", older)
    first.release()
    assert first._store.get("f") is None
    dataset.delete()
