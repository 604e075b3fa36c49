"""What a hand-in's code may not reach: attempts that return what they got, by theme.

Each is the body of a function; names in capitals are the scene's places. It returns something true where it succeeds.
"""

from __future__ import annotations

FILES = {
    "reads hidden checks": "return TOKEN in open(GRADERS).read()",
    "reads solutions": "return TOKEN in open(SOLUTIONS).read()",
    "reads a class-mate's hand-in": "return TOKEN in open(MATE).read()",
    "reads a class-mate's marks": "return TOKEN in open(MARKS).read()",
    "reads the gradebook's file": "return TOKEN.encode() in open(GRADEBOOK, 'rb').read()",
    "reads the instructor's home": "return TOKEN in open(NETRC).read()",
    "lists the course": "return os.listdir(COURSE)",
    "sees that a file is there": "return os.stat(GRADEBOOK).st_size",
    "follows a link of its own": "os.symlink(GRADERS, 'link'); return TOKEN in open('link').read()",
    "makes a hard link": "os.link(GRADERS, 'hard'); return TOKEN in open('hard').read()",
    "goes through /proc/self/root": "return TOKEN in open('/proc/self/root' + GRADERS).read()",
    "goes through a process's root": "return TOKEN in open(f'/proc/{PARENT}/root{GRADERS}').read()",
    "goes up from its folder": "return TOKEN in open('../' * 40 + GRADERS[1:]).read()",
    "reads shadowed passwords": "return open('/etc/shadow').read()",
    "queries the gradebook by SQL": "return sqlite3.connect(GRADEBOOK).execute('select * from grade').fetchall()",
}
"""Reading."""

WRITES = {
    "edits the gradebook by SQL": """
with sqlite3.connect(GRADEBOOK) as book:
    return book.execute("update grade set score = 100").rowcount
""",
    "plants a trigger in the gradebook": """
with sqlite3.connect(GRADEBOOK) as book:
    book.execute("create trigger better after update on grade begin update grade set score = 100; end")
    return True
""",
    "replaces hidden checks": "return open(GRADERS, 'a').write('pass')",
    "removes a class-mate's hand-in": "os.unlink(MATE); return True",
    "plants a start file at home": "return open(os.path.dirname(NETRC) + '/usercustomize.py', 'w').write('1')",
    "plants a start file for IPython": """
os.makedirs(os.path.dirname(NETRC) + '/.ipython/profile_default/startup', exist_ok=True)
return open(os.path.dirname(NETRC) + '/.ipython/profile_default/startup/0.py', 'w').write('1')
""",
    "plants a module for all interpreters": "return open(PACKAGES + '/planted.pth', 'w').write('import os')",
    "changes the grader itself": "return open(GRADER, 'a').writable()",
    "changes the grader's rights": "os.chmod(GRADER, os.stat(GRADER).st_mode); return True",
    "plants a configuration": "return open(COURSE + '/nbgrader_config_local.py', 'w').write('1')",
    "makes a device": "os.mknod('disk', 0o666 | 0x6000, os.makedev(8, 0)); return True",
}
"""Writing."""

PROCESSES = {
    "reads its own first environment": "return TOKEN in open('/proc/self/environ').read()",
    "reads a process's environment": "return TOKEN in open(f'/proc/{VICTIM}/environ').read()",
    "reads a process's memory": "return bool(open(f'/proc/{VICTIM}/maps').read())",
    "writes a process's memory": "return os.open(f'/proc/{VICTIM}/mem', os.O_RDWR) > 0",
    "reads the variable": "return os.environ['INSTRUCTOR_TOKEN'] == TOKEN",
    "sees the engine's files": "return os.listdir(f'/proc/{ENGINE}/fd')",
    "signals the engine": "os.kill(ENGINE, 0); return True",
    "signals the warm parent": "os.kill(PARENT, 0); return True",
    "signals its parent": "os.kill(os.getppid() or 10**9, 0); return True",
    "stops a process": "os.kill(VICTIM, signal.SIGCONT); return True",
    "changes a process's priority": "os.setpriority(os.PRIO_PROCESS, VICTIM, 1); return True",
    "changes a process's limits": "return resource.prlimit(VICTIM, resource.RLIMIT_NOFILE)",
    "signals a process by pidfd": "signal.pidfd_send_signal(os.pidfd_open(VICTIM), 0); return True",
}
"""Other processes."""

NETWORK = {
    "connects over TCP": "return TOKEN.encode() in socket.create_connection(('127.0.0.1', TCP), 1).recv(99)",
    "sends a datagram": """
end = socket.socket(type=socket.SOCK_DGRAM); end.settimeout(1)
end.sendto(b'x', ('127.0.0.1', UDP)); return end.recv(99)
""",
    "connects to an abstract socket": """
end = socket.socket(socket.AF_UNIX); end.settimeout(1)
end.connect(ABSTRACT); return end.recv(99)
""",
    "connects to a socket of the machine": """
end = socket.socket(socket.AF_UNIX); end.settimeout(1)
end.connect(LOCAL); return end.recv(99)
""",
    "has a socket of the packet family": "return socket.socket(socket.AF_PACKET, socket.SOCK_RAW).fileno()",
    "talks to the kernel over netlink": "return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9).fileno()",
    "has a raw socket": "return socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).fileno()",
    "talks to the machine under the virtual one": "return socket.socket(socket.AF_VSOCK).fileno()",
}
"""The network and local sockets."""

RIGHTS = {
    "becomes root": "os.setuid(0); return True",
    "becomes another user": "os.setresuid(-1, 1, -1); os.seteuid(0); return True",
    "has a capability": r"return int(re.search(r'CapEff:\s*(\w+)', open('/proc/self/status').read())[1], 16)",
    "may gain rights": r"return 'NoNewPrivs:\t0' in open('/proc/self/status').read()",
    "raises its limits": "resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20)); return True",
    "adopts processes": "return prctl(36, 1) == 0",
    "changes its root": "os.chroot('/'); return True",
}
"""Rights."""

SYSTEM_CALLS = {
    "mount": (), "umount2": (), "pivot_root": (), "chroot": (), "open_tree": (-1,), "move_mount": (-1, 0, -1),
    "fsopen": (), "mount_setattr": (-1,), "unshare": (), "setns": (-1,), "ptrace": (16, -1), "kcmp": (-1, -1),
    "process_vm_readv": (-1,), "process_vm_writev": (-1,), "pidfd_getfd": (-1,), "process_madvise": (-1,),
    "userfaultfd": (-1,), "io_uring_setup": (), "io_uring_enter": (-1,), "add_key": (), "request_key": (),
    "keyctl": (-1,), "bpf": (-1,), "perf_event_open": (), "name_to_handle_at": (-1,), "open_by_handle_at": (-1,),
    "fanotify_init": (-1,), "syslog": (10,), "personality": (-1,), "move_pages": (-1,), "vmsplice": (-1,),
    "quotactl": (), "init_module": (), "finit_module": (-1,), "delete_module": (), "settimeofday": (),
    "clock_settime": (-1,), "sethostname": (0, -1), "setdomainname": (0, -1),
}  # fmt: skip
"""System calls that a box refuses, with arguments that do no harm; those left out are zero."""

ALL = {**FILES, **WRITES, **PROCESSES, **NETWORK, **RIGHTS}

NOT_HELD = {
    "sees that a file is there": "names",
    "connects to a socket of the machine": "unix sockets",
}
"""What the lower level does not hold, by its name in the level's own list."""

MACHINES_REFUSE = {
    "bpf", "fanotify_init", "io_uring_enter", "io_uring_setup", "keyctl", "add_key", "request_key", "perf_event_open",
    "userfaultfd", "init_module", "finit_module", "delete_module", "settimeofday", "clock_settime", "quotactl",
    "syslog", "open_by_handle_at", "kcmp", "move_pages",
}  # fmt: skip
"""What a container's own filter may refuse already."""
