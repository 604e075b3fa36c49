"""Answers that use up what there is; each says through `did` what it was refused, or waits for its end."""

from __future__ import annotations

from scalable_ai.grading.sandbox.box import GIGABYTE

LIMITS = {"memory": GIGABYTE // 2, "disk": 40 * 2**20, "files": 2000, "file_size": 20 * 2**20, "processes": 60}
START = """
import os, sys, threading, time
told = open("did.txt", "a")  # ahead, since there may be no file to be had later
def did(text):
    print(text, file=told, flush=True)
def until_refused(step, times):
    kept = []
    for number in range(times):
        try:
            kept.append(step(number))
        except BaseException as error:
            did(f"refused {type(error).__name__} after {number}")
            break
    else:
        did("got all")
        time.sleep(1000)
    return kept
"""

BOMBS = {
    "forks": """
def child(number):
    pid = os.fork()
    if pid == 0:
        time.sleep(1000)
        os._exit(0)
until_refused(child, 500)
""",
    "forks that fork": """
def bomb(number):
    while True:
        os.fork()
bomb(0)
""",
    "threads": """
until_refused(lambda number: threading.Thread(target=time.sleep, args=(1000,), daemon=True).start(), 500)
""",
    "open files": "for place in until_refused(lambda number: os.open('/dev/null', 0), 5000): os.close(place)",
    "pipes and sockets": "import socket\nuntil_refused(lambda number: socket.socketpair(), 5000)",
    "memory": "until_refused(lambda number: bytearray(os.urandom(4096)) * 4096, 200)",
    "memory by mapping": """
import mmap
def page(number):
    area = mmap.mmap(-1, 16 << 20)
    area.write(b"x" * (16 << 20))
    return area
until_refused(page, 200)
""",
    "memory of many processes": """
def child(number):
    if os.fork() == 0:
        kept = bytearray(os.urandom(4096)) * 25_000
        time.sleep(1000)
        os._exit(0)
until_refused(child, 20)
""",
    "memory of the fork": """
import ctypes
def copy(number):
    if os.fork() == 0:
        for line in open("/proc/self/maps"):
            place, rights, _, _, inode = line.split()[:5]
            if rights == "rw-p" and inode == "0":
                for page in range(*(int(end, 16) for end in place.split("-")), 4096):
                    byte = ctypes.c_char.from_address(page)
                    byte.value = byte.value
        time.sleep(1000)
        os._exit(0)
until_refused(copy, 4)
""",
    "memory segments": """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def segment(number):
    if libc.shmget(0, 16 << 20, 0o1600) < 0:
        raise OSError(ctypes.get_errno(), "shmget")
until_refused(segment, 200)
""",
    "a file without end": """
def write(number):
    with open("large", "ab") as file:
        file.write(b"x" * (1 << 20))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
until_refused(write, 200)
os.unlink("large")
""",
    "many large files": """
def write(number):
    with open(f"large{number}", "wb") as file:
        file.write(b"x" * (10 << 20))
until_refused(write, 20)
""",
    "large files without names": """
def write(number):
    file = open(f"large{number}", "wb")
    os.unlink(file.name)
    file.write(b"x" * (10 << 20))
    return file
until_refused(write, 20)
""",
    "many small files": """
until_refused(lambda number: open(f"small{number}", "w").close(), 9000)
""",
    "many small files among the sockets": """
import ipykernel
place = os.path.dirname(ipykernel.get_connection_file())
until_refused(lambda number: open(f"{place}/small{number}", "w").close(), 9000)
""",
    "memory files": """
def write(number):
    with open(f"/dev/shm/attack-{os.getuid()}-{number}", "wb") as file:
        file.write(b"x" * (16 << 20))
until_refused(write, 64)
""",
    "temporary files": """
import tempfile
def write(number):
    with open(f"{tempfile.gettempdir()}/large{number}", "wb") as file:
        file.write(b"x" * (16 << 20))
until_refused(write, 64)
""",
    "anonymous memory files": """
def write(number):
    place = os.memfd_create("x")
    os.write(place, b"x" * (16 << 20))
    return place
until_refused(write, 64)
""",
    "processor time of many": """
for number in range(4):
    if os.fork() == 0:
        while True:
            pass
time.sleep(1000)
""",
    "zombies": """
def child(number):
    if os.fork() == 0:
        os._exit(0)
until_refused(child, 500)
""",
}

LEFT_BEHIND = """
import atexit, os, signal, subprocess, sys, threading, time
with open("pids.txt", "w") as pids:
    print(subprocess.Popen(["sleep", "1000"]).pid, file=pids)
    print(subprocess.Popen(["sleep", "1000"], start_new_session=True).pid, file=pids)
    print(subprocess.Popen(["nohup", "sleep", "1000"], stdout=-3, stderr=-3).pid, file=pids)
    pids.flush()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in range(1, 60):
                if number not in (signal.SIGKILL, signal.SIGSTOP, 32, 33):
                    signal.signal(number, signal.SIG_IGN)
            with open("pids.txt", "a") as more:
                print(os.getpid(), file=more)
            time.sleep(1000)
        os._exit(0)
atexit.register(lambda: open("late.txt", "w").close())
threading.Thread(target=time.sleep, args=(1000,)).start()
while len(open("pids.txt").read().split()) < 4:
    time.sleep(0.01)
"""
"""Starts what outlives a cell, a kernel and a polite end."""
