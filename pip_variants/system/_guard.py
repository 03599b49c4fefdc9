"""Stand-alone script: run another, which ends when the parent ends, with all that it has started.

``python OPTION... _guard.py LIFELINE SCRIPT ARGUMENT...``: on POSIX, LIFELINE is a descriptor, the
read end of a pipe that nobody but the parent can write to, so that the kernel closes it however
the parent ends; on Windows it is the process number of the parent. The exit status is that of
SCRIPT.

On POSIX this process is the guard, and SCRIPT runs in a child in a session of its own. On Linux the
guard also inherits the orphans of that child (PR_SET_CHILD_SUBREAPER), whatever session they are in
and whatever their environment, and the child dies with the guard (PR_SET_PDEATHSIG, which is about
the thread that forked: here there is one). There the guard has one of its own, because SCRIPT may
kill or stop its parent process: what is left then is inherited, and ended, by the outer one. On
Windows a thread of SCRIPT waits for the parent; what SCRIPT has started is left alone there.
"""

# There is nothing here that takes long to import: a driver is queried with every new hour.
import _signal  # type: ignore[import-not-found] # `signal` imports `enum`
import os
import sys
import time

if sys.platform != "win32":
    import select

_PATIENCE = 1.0
"""Seconds for processes to die; one that hangs inside a driver does not."""
_PAUSE = 0.5
"""Seconds between looks at who the parent is: a fork of the parent may hold the lifeline too."""
_SET_PDEATHSIG = 1
_SET_CHILD_SUBREAPER = 36


def main(lifeline: int, script: str) -> None:
    """Run a script in place of this one, guarded."""
    if sys.platform == "win32":
        _end_with(lifeline)
    else:
        # The inner guard looks up at once when the outer one has died.
        outer = _continue_guarded(os.getppid(), lifeline, _signal.SIGCHLD)
        _continue_guarded(outer, lifeline, _signal.SIGKILL)
        os.close(lifeline)
    _run(script)


def _continue_guarded(parent: int, lifeline: int, signal: int) -> int:
    """Return in a child in a session of its own; this process guards it, whose number comes back.

    The child gets ``signal`` when its guard dies. ``parent`` is the parent of the guard. Where a
    process cannot go on as a fork of itself, SCRIPT runs in a new one.
    """
    ended, wakeup = os.pipe()
    for descriptor in (ended, wakeup):
        os.set_blocking(descriptor, False)
    _signal.set_wakeup_fd(wakeup)
    _signal.signal(_signal.SIGCHLD, lambda *_: None)
    guard = os.getpid()
    forks = sys.platform == "linux"
    if forks:
        _control_process(_SET_CHILD_SUBREAPER, 1)
    worker = os.fork() if forks else _spawn(lifeline)
    if worker:
        _guard(worker, parent, lifeline, ended)
    _signal.set_wakeup_fd(-1)
    _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
    for descriptor in (ended, wakeup):
        os.close(descriptor)
    os.setsid()
    _control_process(_SET_PDEATHSIG, signal)
    if os.getppid() != guard:
        os._exit(1)
    return guard


def _run(script: str) -> None:
    """Run a script as the interpreter would have done."""
    del sys.argv[:2]
    if not sys.flags.isolated and not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(script)
    if not script.endswith(".py"):  # a folder or an archive
        import runpy

        runpy.run_path(script, run_name="__main__")
        return
    with open(script, "rb") as file:
        code = compile(file.read(), script, "exec")
    own = globals()
    for name in [name for name in own if not name.startswith("__")]:
        del own[name]
    own["__file__"] = script
    exec(code, own)  # noqa: S102 - our own script


def _control_process(operation: int, value: int) -> None:
    """Call ``prctl``, where there is a way to."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(operation, value, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass


def _spawn(lifeline: int) -> int:
    """Start an interpreter for the script.

    A system library of macOS does not work in a process that has forked and runs no new program.
    """
    command = sys.orig_argv
    place = command.index(sys.argv[0])
    return os.posix_spawn(
        command[0],
        [*command[:place], *command[place + 2 :]],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_CLOSE, lifeline)],
        setpgroup=0,
    )


def _guard(worker: int, parent: int, lifeline: int, ended: int) -> None:
    """Wait for the worker or the end of the parent, end what is left, and exit."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # others wait for these to be closed
        os.dup2(null, descriptor)
    status = _wait(worker, parent, lifeline, ended)
    _end_group(worker)
    _end_descendants()
    if status is None:
        os._exit(1)
    if os.WIFSIGNALED(status):
        _die_of(os.WTERMSIG(status))
    os._exit(os.WEXITSTATUS(status))


def _wait(worker: int, parent: int, lifeline: int, ended: int) -> int | None:
    """Return the wait status of the worker, or None if the parent ends before it."""
    events = select.poll()
    events.register(lifeline, select.POLLIN)
    events.register(ended, select.POLLIN)
    while True:
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            if found[0] == worker:
                return found[1]
        ready = [descriptor for descriptor, _ in events.poll(_PAUSE * 1000)]
        if lifeline in ready or os.getppid() != parent:
            return None
        if ended in ready:
            os.read(ended, 1024)


def _end_group(worker: int) -> None:
    try:
        os.killpg(worker, _signal.SIGKILL)
    except OSError:
        pass


def _end_descendants() -> None:
    """Kill what descends from this process, until nothing does."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        for pid in _descendants():
            try:
                os.kill(pid, _signal.SIGKILL)
            except OSError:
                pass
        time.sleep(0.001)


def _descendants() -> list[int]:
    """Return the processes that descend from this one, where /proc shows them."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                parent = int(file.read().rpartition(b")")[2].split()[1])
            children.setdefault(parent, []).append(int(name))
        except (OSError, ValueError, IndexError):
            continue
    found = [os.getpid()]
    for pid in found:
        found.extend(children.get(pid, ()))
    return found[1:]


def _die_of(number: int) -> None:
    """End as the worker did, without a memory dump of this process too."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if number != _signal.SIGKILL:
        _signal.signal(number, _signal.SIG_DFL)
    os.kill(os.getpid(), number)
    time.sleep(_PATIENCE)


if sys.platform == "win32":

    def _end_with(parent: int) -> None:
        """End this process as soon as the parent has ended."""
        import _thread
        import _winapi

        try:
            handle = _winapi.OpenProcess(_winapi.SYNCHRONIZE, False, parent)
        except OSError:
            os._exit(1)

        def wait() -> None:
            _winapi.WaitForSingleObject(handle, _winapi.INFINITE)
            os._exit(1)

        _thread.start_new_thread(wait, ())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
