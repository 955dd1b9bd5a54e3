#!/usr/bin/env bash
# With pytest 9.2.0, pytest-xdist 3.8.0 silently ignores groups of tests.
#
# --dist loadgroup promises that tests marked with the same xdist_group run in one process.
# pytest-xdist tells its scheduler of a group by a suffix that it writes into an attribute of the
# test; pytest 9.2 makes the ids of tests from another attribute, so the suffix is never seen, no
# test is grouped, and nothing says so. With pytest 9.0.2 the groups hold. Tests that share a real
# engine then start one in every process; dockmgr's tests bring a scheduler of their own.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv

cat > test_groups.py <<'END'
import os
import time

import pytest


@pytest.mark.xdist_group("together")
@pytest.mark.parametrize("number", range(12))
def test_one(number, worker_id):
    time.sleep(0.2)
    with open(os.environ["SEEN"], "a") as seen:
        seen.write(f"{worker_id}\n")
END

processes_used() {  # the number of processes that ran tests of the one group
    venv/bin/pip install --quiet --disable-pip-version-check "pytest==$1" pytest-xdist==3.8.0
    SEEN=$work/seen-$1 venv/bin/python -m pytest -q -p no:cacheprovider \
        --numprocesses 2 --dist loadgroup test_groups.py >"$work/output"
    sort -u "$work/seen-$1" | wc -l
}

before=$(processes_used 9.0.2)
after=$(processes_used 9.2.0)
echo "pytest 9.0.2 with pytest-xdist 3.8.0: one group ran in $before process"
echo "pytest 9.2.0 with pytest-xdist 3.8.0: one group ran in $after processes"
[ "$before" = 1 ] && [ "$after" = 2 ]
