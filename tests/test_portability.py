"""Names that Windows or macOS lacks are asked for before they are used; see docs/install.md."""

import ast
from pathlib import Path

import pytest
from support.places import ROOT

# By Python's documentation: "Availability: Unix", or not macOS.
OF_OS = """
O_ASYNC O_CLOEXEC O_DIRECT O_DIRECTORY O_DSYNC O_EVTONLY O_EXLOCK O_FSYNC O_NDELAY O_NOATIME
O_NOCTTY O_NOFOLLOW O_NOFOLLOW_ANY O_NONBLOCK O_PATH O_RSYNC O_SHLOCK O_SYNC O_TMPFILE SEEK_DATA
SEEK_HOLE RTLD_NOW chflags chown chroot copy_file_range ctermid eventfd fchdir fchmod fchown
fdatasync fork forkpty fpathconf fstatvfs getegid geteuid getgid getgrouplist getgroups
getloadavg getpgid getpgrp getpriority getresuid getrandom getsid getuid getxattr initgroups
killpg lchflags lchmod lchown listxattr lockf login_tty major makedev memfd_create minor mkfifo
mknod nice openpty pathconf pidfd_open pipe2 posix_fadvise posix_fallocate posix_openpt
posix_spawn posix_spawnp pread preadv pwrite pwritev readv register_at_fork removexattr
sched_getaffinity sched_getparam sched_setaffinity sched_yield sendfile seteuid setgid setgroups
setns setpgid setpriority setsid setuid setxattr splice statvfs sync sysconf tcgetpgrp tcsetpgrp
ttyname uname unshare wait wait3 wait4 waitid writev
"""
OF_SIGNAL = """
SIGALRM SIGBUS SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGTSTP SIGUSR1 SIGUSR2
SIGWINCH alarm getitimer pause pthread_kill pthread_sigmask setitimer siginterrupt sigpending
sigtimedwait sigwait sigwaitinfo
"""
LACKING = {
    "os": set(OF_OS.split()),
    "signal": set(OF_SIGNAL.split()),
    "socket": {"AF_UNIX", "SCM_RIGHTS", "socketpair"},
    "select": {"epoll", "kqueue", "poll"},
    "time": {"CLOCK_MONOTONIC", "clock_getres", "clock_gettime", "pthread_getcpuclockid", "tzset"},
}
MODULES = {"curses", "fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
# Each must still be found, or the line goes.
KNOWN: set[tuple[str, str]] = set()


def unguarded(source: str) -> set[str]:
    """What is used of these without a question in the same function, or in the module around it."""
    tree = ast.parse(source)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    return {
        name for node in ast.walk(tree) for name in lacking(node) if not asked(node, name, parents)
    }


def lacking(node: ast.AST) -> list[str]:
    """The names in question that a node uses."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        module, name = node.value.id, node.attr
        if module in MODULES or name in LACKING.get(module, ()):
            return [module if module in MODULES else f"{module}.{name}"]
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names if alias.name in MODULES]
    if isinstance(node, ast.ImportFrom):
        if node.module in MODULES:
            return [node.module]
        there = LACKING.get(node.module, ())
        return [f"{node.module}.{alias.name}" for alias in node.names if alias.name in there]
    return []


def asked(node: ast.AST, name: str, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether a question after the name stands around the node, or in its function."""
    module, _, attribute = name.partition(".")
    while node := parents.get(node):
        if isinstance(node, ast.Try) and not attribute:
            caught = [ast.unparse(handler.type) for handler in node.handlers if handler.type]
            if caught in (["ImportError"], ["ModuleNotFoundError"]):
                return True
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.If | ast.IfExp):
            text = ast.unparse(node)
            questions = (
                [f"hasattr({module}, '{attribute}')"] if attribute else [f"{module} is None"]
            )
            if any(question in text for question in questions):
                return True
    return False


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import os\nos.fork()", {"os.fork"}),
        ("import os\nif hasattr(os, 'fork'):\n    os.fork()", set()),
        ("import os\ndef f():\n    return not hasattr(os, 'getuid') or os.getuid()", set()),
        ("import os\ndef f():\n    if hasattr(os, 'getuid'):\n        os.setsid()", {"os.setsid"}),
        ("import os\nflag = getattr(os, 'O_NOFOLLOW', 0)", set()),
        ("from os import fork, path", {"os.fork"}),
        ("import fcntl", {"fcntl"}),
        ("from resource import getrusage", {"resource"}),
        ("try:\n    import fcntl\nexcept ImportError:\n    fcntl = None", set()),
        ("def f(fd):\n    fcntl.flock(fd, 2)", {"fcntl"}),
        ("def f(fd):\n    if fcntl is None:\n        return\n    fcntl.flock(fd, 2)", set()),
        ("import signal\nsignal.signal(signal.SIGINT, None)", set()),
        ("import signal\nsignal.alarm(3)", {"signal.alarm"}),
    ],
)
def test_what_counts_as_a_question(source, found):
    assert unguarded(source) == found


def test_the_package_asks_first():
    package = ROOT / "facecrypt"
    found = {
        (Path(path).relative_to(package).as_posix(), name)
        for path in package.rglob("*.py")
        for name in unguarded(path.read_text(encoding="utf-8"))
    }
    assert found == KNOWN
