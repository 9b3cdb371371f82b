import subprocess
import sys

import pytest


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc alone gives pages back")
def test_freed_memory_is_kept_as_long_as_it_is_wanted():
    """In a process of its own, that no other test's memory counts."""
    found = subprocess.run([sys.executable, "-c", KEEPING], check=True, stdout=subprocess.PIPE)
    before, during, nested, trimmed, again, after = (int(text) for text in found.stdout.split())
    assert during - before > 150 * 2**20
    assert nested - before > 150 * 2**20
    assert trimmed - before < 50 * 2**20
    assert again - before > 150 * 2**20
    assert after - before < 50 * 2**20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc alone gives pages back")
def test_afterwards_memory_is_not_given_back_each_time():
    found = subprocess.run([sys.executable, "-c", AFTERWARDS], check=True, stdout=subprocess.PIPE)
    assert int(found.stdout) < 100


KEEPING = """
import psutil, torch
from napari_synapse_debug.networks import memory_kept

def held():
    return psutil.Process().memory_info().rss

def use():
    torch.ones(200 * 2**20, dtype=torch.uint8)

use()
values = [held()]
with memory_kept():
    use()
    values.append(held())
    with memory_kept():
        memory_kept.trim(2**30)  # it grew by less
    values.append(held())
    memory_kept.trim(100 * 2**20)
    values.append(held())
    use()
    values.append(held())
values.append(held())
print(*values)
"""

AFTERWARDS = """
import resource
from napari_synapse_debug.networks import memory_kept

with memory_kept():
    bytearray(2**20)
for _ in range(3):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    bytearray(20 * 2**20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
