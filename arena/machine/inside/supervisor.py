"""Runs one command and leaves none of its processes behind.

A process of its own because only a child subreaper gets hold of double-forked daemons, and being a subreaper is a
property of a whole process: the judge, which runs many jobs at once, cannot be it. Standard input is the lifeline:
its first line is the order (JSON), and its end means that arena is gone. Standard output gets one line of JSON:
how the command ended.
"""

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
TAIL = 64 * 1024  # bytes kept from the end of an output that was cut


class Log:
    """A file that keeps the first `cap` bytes of a stream and, when there were more, the last `TAIL`."""

    def __init__(self, path, cap):
        self.file = open(path, "wb", buffering=0)  # noqa: SIM115 - lives as long as the process
        self.cap, self.size, self.tail = cap, 0, b""

    def write(self, data):
        head = data[: max(0, self.cap - self.size)]
        if head:
            self.file.write(head)
        self.tail = (self.tail + data[len(head) :])[-TAIL:]
        self.size += len(data)

    def close(self):
        if self.tail:
            left_out = self.size - self.cap - len(self.tail)
            self.file.write(b"\n[... %d bytes left out ...]\n" % left_out + self.tail)
        self.file.close()


def children():
    """Process ids of all living descendants; as a subreaper we are the ancestor of every one of them."""
    parent_of = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:
                fields = stat.read().rpartition(b")")[2].split()
                if fields[0] != b"Z":
                    parent_of[int(name)] = int(fields[1])
    found, wave = [], {os.getpid()}
    while wave:
        wave = {pid for pid, parent in parent_of.items() if parent in wave}
        found += wave
    return found


def send(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def reap():
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def end_all(process, grace):
    """Ends every descendant: politely, then by force until none is left. How many outlived the command."""
    process.poll()
    left = [pid for pid in children() if pid != process.pid]
    send(children(), signal.SIGTERM)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and children():
        process.poll()
        time.sleep(0.01)
    for _ in range(500):
        alive = children()
        if not alive:
            break
        send(alive, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.poll()
        time.sleep(0.01)
    process.wait()
    reap()
    return len(left)


def changed_since(folder, moment):
    """Whether any file below `folder` changed after `moment` (a wall-clock time in seconds)."""
    for where, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        for name in files:
            with contextlib.suppress(OSError):
                if os.lstat(os.path.join(where, name)).st_mtime > moment:
                    return True
    return False


class Watch:
    """Decides when a command has run out of time, or has shown no sign of life for too long."""

    def __init__(self, order):
        self.start = self.last = time.monotonic()
        self.timeout, self.silence, self.folder = (
            order["timeout"],
            order["silence"],
            order["watch"],
        )
        self.stopped = False

    def verdict(self):
        now = time.monotonic()
        if self.stopped:
            return "stopped"
        if self.timeout and now - self.start > self.timeout:
            return "timeout"
        if self.silence and now - self.last > self.silence:
            if self.folder and changed_since(
                self.folder, time.time() - (now - self.last)
            ):
                self.last = now
            else:
                return "silent"
        return None


def pump(process, streams, watch):
    """Copies output to the logs until the command ends or must be stopped; returns the reason."""
    poll = select.poll()
    poll.register(0, select.POLLIN | select.POLLHUP)
    for number in streams:
        os.set_blocking(number, False)
        poll.register(number, select.POLLIN | select.POLLHUP)
    while True:
        for number, _ in poll.poll(50):
            if number == 0:
                watch.stopped = watch.stopped or not os.read(0, 4096)
                continue
            data = read(number)
            if data:
                streams[number].write(data)
                watch.last = time.monotonic()
            elif data == b"":
                poll.unregister(number)
        if process.poll() is not None:
            return "exited"
        reason = watch.verdict()
        if reason:
            return reason


def read(number):
    try:
        return os.read(number, 1 << 16)
    except BlockingIOError:
        return None


def drain(streams):
    """What is still in the pipes, at most a second's worth: a process that is gone writes no more."""
    deadline = time.monotonic() + 1
    for number, log in streams.items():
        while time.monotonic() < deadline:
            data = read(number)
            if not data:
                break
            log.write(data)


def start(order):
    stdin = open(order["stdin"], "rb") if order["stdin"] else subprocess.DEVNULL  # noqa: SIM115
    separate = subprocess.PIPE if order["errors"] else subprocess.STDOUT
    return subprocess.Popen(
        order["argv"],
        cwd=order["cwd"],
        env=order["env"],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=separate,
        start_new_session=True,
        pass_fds=order["pass_fds"],
    )


def main():
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(0, 1 << 16) or b"\n"
    order = json.loads(line)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    watch = Watch(order)

    def stop(*_):
        watch.stopped = True

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        process = start(order)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in an argument
        print(json.dumps({"reason": "not-started", "error": str(error)}), flush=True)
        return
    # The command holds its own copies; ours would keep a reader of a result pipe waiting for ever.
    for number in order["pass_fds"]:
        os.close(number)
    streams = {process.stdout.fileno(): Log(order["log"], order["cap"])}
    if process.stderr:
        streams[process.stderr.fileno()] = Log(order["errors"], order["cap"])
    reason = pump(process, streams, watch)
    seconds = time.monotonic() - watch.start
    survivors = end_all(
        process, order["grace"] if reason != "exited" else min(order["grace"], 0.5)
    )
    drain(streams)
    for log in streams.values():
        log.close()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        json.dumps(
            {
                "reason": reason,
                "exit_code": process.returncode,
                "seconds": seconds,
                "cpu_seconds": used.ru_utime + used.ru_stime,
                "survivors": survivors if reason == "exited" else 0,
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
