import subprocess
import sys

from bench import processes

PARENT = """
import subprocess, sys
busy = "import time\\nwhile time.process_time() < 0.3: pass"
subprocess.run([sys.executable, "-c", busy])
print("ended", flush=True)
sys.stdin.read()
"""


def test_what_a_child_used_counts_although_it_has_ended():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ended\n"
        assert processes.cpu_by_role(parent.pid)["supervisor"] >= 0.3
        parent.communicate()
