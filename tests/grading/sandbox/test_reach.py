"""What a box does not reach, and that the same attempt does reach it without a box."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from scalable_ai.grading.sandbox.levels import DOES_NOT_HOLD, LANDLOCK, NAMESPACES
from scalable_ai.grading.sandbox.seccomp import REFUSED
from scalable_ai.grading.sandbox.syscalls import NUMBER

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="boxes are Linux's")

REACHED = "reached it"
ATTEMPTS = {
    "reads a file of someone else's": "assert open(planted['secret']).read() == 'the key'",
    "lists a folder of someone else's": "assert 'secret' in os.listdir(planted['folder'])",
    "writes into a file of someone else's": "open(planted['secret'], 'r+').write('the key')",
    "lists the root of the project": """
import scalable_ai
assert 'pyproject.toml' in os.listdir(os.path.dirname(scalable_ai.__path__[0]))
""",
    "reads solutions": """
import scalable_ai
assert os.listdir(os.path.dirname(scalable_ai.__path__[0]) + '/solutions')
""",
    "lists all settings": "assert os.listdir('/etc') and 'fstab' in os.listdir('/etc')",
    "connects to the network": "socket.create_connection(('127.0.0.1', planted['port']), 5)",
    "sends a datagram": """
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.connect(('127.0.0.1', planted['port']))
receiver = open('/proc/net/tcp').read()
assert format(planted['port'], '04X') in receiver
""",
    "connects to an abstract socket": "socket.socket(socket.AF_UNIX).connect('\\0' + planted['abstract'])",
    "connects to a socket in a folder": "socket.socket(socket.AF_UNIX).connect(planted['socket'])",
    "asks for a file's size": "assert os.stat(planted['secret']).st_size == 7",
    "signals another process": "os.kill(planted['victim'], 0)",
    "looks into another process": "assert b'sleep' in open(f'/proc/{planted[\"visible\"]}/cmdline', 'rb').read()",
    "traces itself": "assert libc.ptrace(0, 0, 0, 0) == 0",
    "makes a namespace": "assert libc.unshare(0x10000000) == 0",
    "makes a process in a namespace": """
pid = libc.syscall({clone}, 0x10000000 | 17, 0, 0, 0, 0)
if pid == 0:
    os._exit(0)
assert pid > 0
os.waitpid(pid, 0)
""".replace("{clone}", str(NUMBER.get("clone"))),
    "opens a socket of another family": """
try:
    socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
except OSError as error:
    assert error.errno != errno.EACCES, error
""",
    "opens a socket of the kernel's crypto": """
try:
    socket.socket(38, socket.SOCK_SEQPACKET)
except OSError as error:
    assert error.errno != errno.EACCES, error
""",
    "keeps new privileges": "assert 'NoNewPrivs:\\t0' in open('/proc/self/status').read()",
    "sees the machine's memory segments": "assert libc.shmget(planted['segment'], 0, 0) >= 0",
    "lists the machine's shared memory": "assert os.path.basename(planted['shared']) in os.listdir('/dev/shm')",
    "opens shared memory by its name": "assert open(planted['shared']).read() == 'of a data loader'",
}
NOT_HELD_BY = {
    "connects to a socket in a folder": "unix sockets",
    "asks for a file's size": "names",
    "opens shared memory by its name": "shared memory",
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_box_does_not_reach_what_no_box_reaches(stage, attempt):
    code = f"{ATTEMPTS[attempt]}\nprint({REACHED!r})"
    plain = stage.run(code, boxed=False)
    assert REACHED in plain.said, plain.said
    reaches = NOT_HELD_BY.get(attempt) in DOES_NOT_HOLD[stage.level]
    boxed = stage.run(code)
    assert (REACHED in boxed.said) is reaches, boxed.said


def test_every_refused_system_call_is_refused(stage):
    numbers = {name: NUMBER[name] for name in REFUSED if name in NUMBER}
    code = f"""
for name, number in {numbers!r}.items():
    ctypes.set_errno(0)
    if libc.syscall(number, 0, 0, 0, 0, 0, 0) != -1 or ctypes.get_errno() != errno.EPERM:
        print("open:", name)
print("all tried")
"""
    assert stage.run(code).said == "all tried\n"


@pytest.mark.parametrize("name", ["keyctl", "userfaultfd", "io_uring_setup", "name_to_handle_at", "personality"])
def test_without_a_box_they_are_open(stage, name):
    code = f"ctypes.set_errno(0); libc.syscall({NUMBER[name]}, 0, 0, 0, 0, 0, 0); print(ctypes.get_errno())"
    refused = "1\n"
    assert stage.run(code, boxed=False).said != refused or name == "userfaultfd"
    assert stage.run(code).said == refused


def test_a_box_has_no_capability_and_no_other_user(stage):
    code = """
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines())
print([status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")], status["Seccomp"], os.getuid())
for change in (os.setuid, os.setgid):
    try:
        change(0)
        print("is root")
    except OSError:
        pass
"""
    none = "0000000000000000"
    said = stage.run(code).said
    assert said.startswith(f"{[none] * 4} 2 ")
    assert "is root" not in said
    if stage.user == "root":
        assert "is root" in stage.run(code, boxed=False).said
        assert len({stage.run("print(os.getuid())").said for _ in range(3)}) == 3


def test_a_box_sees_its_folder_and_what_it_may_read(stage):
    code = """
print(sorted(os.listdir(".")), open("given").read())
open("made", "w").write("x"); os.mkdir("folder"); os.rename("made", "folder/made")
print(open(os.path.join(runtime, "x"), "w").write("x"), os.getcwd())
"""
    end = stage.run(code)
    assert end.said.splitlines() == ["['given', 'said'] a file of the hand-in", f"1 {end.work}"], end.said
    data = stage.about["secret"]
    assert stage.run("print(open(planted['secret']).read())", readable=(data,)).said == "the key\n"
    write = "open(planted['secret'], 'a').write('x'); print('written')"
    assert "written" not in stage.run(write, readable=(data,)).said


def test_data_that_the_boxes_user_cannot_read_are_not_silently_missing(stage):
    if stage.user != "root":
        pytest.skip("an ordinary user's box has the same user")
    closed = Path(stage.about["folder"]) / "closed"  # as root's own home folder is
    data = closed / "data"
    data.mkdir(parents=True)
    (data / "labels").write_text("cat")
    closed.chmod(0o700)
    code, own = f"print(open('{data}/labels').read())", (str(data),)
    for above, itself in ((0o700, 0o755), (0o755, 0o700), (0o755, 0o755)):
        closed.chmod(above)
        data.chmod(itself)
        end = stage.run(code, readable=own)
        assert end.said == "cat\n" or f"cannot read {data}" in end.reason, end
        is_shown_by_itself = stage.level == NAMESPACES and itself == 0o755
        assert bool(end.said) is (is_shown_by_itself or above == itself)


def test_what_a_box_made_is_its_owners_again_and_no_stepping_stone(stage):
    code = """
open("tool", "w").write("x"); os.chmod("tool", 0o6755)
os.symlink(planted["secret"], "link"); os.mkdir("deep"); open("deep/file", "w").close()
"""
    end = stage.run(code)
    assert end.owners == [stage.about["user"]]
    if stage.user == "root":
        assert not end.modes["tool"] & (stat.S_ISUID | stat.S_ISGID)


def test_a_box_inherits_no_open_file(stage):
    code = "print([int(name) for name in os.listdir('/proc/self/fd')])"
    boxed = stage.run(code).said
    assert max(eval(boxed)) <= 3  # 3 is the listing itself
    assert max(eval(stage.run(code, boxed=False).said)) <= 3


def test_a_box_has_its_own_processes_and_memory_files(stage):
    if stage.level == LANDLOCK:
        pytest.skip("Landlock has no such thing")
    assert stage.run("print([int(name) for name in os.listdir('/proc') if name.isdigit()])").said == "[1, 2]\n"
    code = "open('/tmp/left', 'x'); open('/dev/shm/left', 'x'); print(sorted(os.listdir('/tmp')))"
    for _ in range(2):
        assert "left" in stage.run(code).said
    assert stage.run("os.kill(1, 9); time.sleep(0.1); print('still here')").status in {0, 1}
    for place in ("/usr", "/etc", "/", sys.prefix, "/proc/sys/kernel"):
        assert "Error" in stage.run(f"open({place!r} + '/left', 'w')").said


def test_what_is_left_in_shared_memory_is_gone_or_said_to_stay(stage):
    left = Path(f"{stage.about['shared']}-left")
    try:
        assert stage.run(f"open({str(left)!r}, 'x'); print('made')").said == "made\n"
        assert left.exists() is ("shared memory left" in DOES_NOT_HOLD[stage.level])
    finally:
        left.unlink(missing_ok=True)


def test_data_loader_workers_and_semaphores_work_without_a_list_of_shared_memory(stage):
    code = """
from multiprocessing import get_context, shared_memory
queue = get_context("fork").Queue()
child = get_context("fork").Process(target=queue.put, args=(7,)); child.start(); print(queue.get()); child.join()
memory = shared_memory.SharedMemory(create=True, size=10); memory.close(); memory.unlink()
"""
    assert stage.run(code).said == "7\n"


def test_loopback_is_private_or_not_there(stage):
    code = """
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
client.sendall(b"hello"); print(server.accept()[0].recv(9), socket.gethostbyname(socket.gethostname()))
"""
    said = stage.run(code).said
    if stage.level == NAMESPACES:
        assert said == "b'hello' 127.0.0.1\n"
    else:
        assert "loopback" in DOES_NOT_HOLD[stage.level]
        assert "PermissionError" in said


def test_the_filter_looks_at_both_halves_of_no_flag(stage):
    """A process and a thread are still made as libraries make them."""
    code = """
import threading
done = []
thread = threading.Thread(target=done.append, args=(1,)); thread.start(); thread.join()
print(done, subprocess.run(["/bin/echo", "hi"], capture_output=True).stdout)
"""
    assert stage.run(code).said == "[1] b'hi\\n'\n"
