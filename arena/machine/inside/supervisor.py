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
import signal
import subprocess
import sys
import threading
import time

PR_SET_CHILD_SUBREAPER = 36
PAGE = os.sysconf("SC_PAGE_SIZE")
COUNT = 0.25  # seconds between two counts of processes and memory, at least
SHARE = 50  # a count may take that part of the time: a machine may have thousands of processes
TAIL = 64 * 1024  # bytes kept from the end of an output that was cut
GONE = (ProcessLookupError, PermissionError)


class Log(threading.Thread):
    """Copies a pipe to a file: the first `cap` bytes and, when there were more, the last `TAIL`."""

    def __init__(self, pipe, path, watch, cap):
        super().__init__(daemon=True)
        self.pipe, self.watch, self.cap, self.size, self.tail = pipe, watch, cap, 0, b""
        self.file = open(path, "wb", buffering=0)  # noqa: SIM115 - lives as long as the process
        self.start()

    def run(self):
        while data := os.read(self.pipe.fileno(), 1 << 16):
            self.watch.last = time.monotonic()
            head = data[: max(0, self.cap - self.size)]
            with contextlib.suppress(OSError):  # a full disk must not stop the command
                self.file.write(head)
            self.tail = (self.tail + data[len(head) :])[-TAIL:]
            self.size += len(data)

    def close(self):
        # A process that is gone writes no more; one that we could not end must not keep us waiting.
        self.join(1)
        if self.tail:
            left_out = self.size - self.cap - len(self.tail)
            note = b"\n[... %d bytes left out ...]\n" % left_out
            with contextlib.suppress(OSError):
                self.file.write(note + self.tail)


def family():
    """Process id → bytes of memory of all living descendants; as a subreaper we are the ancestor of every one."""
    parent_of, memory = {}, {}
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:
                fields = stat.read().rpartition(b")")[2].split()
                if fields[0] != b"Z":
                    parent_of[int(name)] = int(fields[1])
                    memory[int(name)] = int(fields[21]) * PAGE
    found, wave = {}, {os.getpid()}
    while wave:
        wave = {pid for pid, parent in parent_of.items() if parent in wave}
        found |= {pid: memory[pid] for pid in wave}
    return found


def children():
    """Process ids of all living descendants."""
    return list(family())


def tell(number, pids=None):
    """Sends a signal to every descendant, or to `pids`."""
    for pid in children() if pids is None else pids:
        with contextlib.suppress(*GONE):
            os.kill(pid, number)


def end_all(process, grace):
    """Ends every descendant: politely, then by force until none is left. How many outlived the command."""
    process.poll()
    left = [pid for pid in children() if pid != process.pid]
    now = time.monotonic()
    polite, last = now + grace, now + grace + 5
    tell(signal.SIGTERM)
    tell(signal.SIGCONT)  # one that is held up would not hear of it
    while (alive := children()) and (now := time.monotonic()) < last:
        if now > polite:
            tell(signal.SIGKILL, alive)
        process.poll()
        time.sleep(0.01)
    if sys.platform != "linux":  # no /proc: the process group is all that can be found
        with contextlib.suppress(*GONE):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
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
    """Decides when a command has run out of time, has shown no sign of life for too long, or is to stop."""

    def __init__(self, order):
        self.start = self.last = time.monotonic()
        self.order, self.stopped, self.count_at = order, False, 0.0
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.stop)
        threading.Thread(target=self.hold, daemon=True).start()

    def hold(self):
        while os.read(0, 4096):
            pass
        self.stop()

    def stop(self, number=None, _frame=None):
        if self.stopped and number:  # said twice: at once
            tell(signal.SIGKILL)
        self.stopped = True

    def told(self, word):
        """Whether somebody has put down the file that says this word."""
        stem = self.order["control"]
        return bool(stem) and os.path.exists(f"{stem}.{word}")

    def hold_up(self):
        """Holds the command up as long as the word stands; its clocks stand still meanwhile."""
        since = time.monotonic()
        while self.told("pause") and not self.stopped and not self.told("stop"):
            tell(
                signal.SIGSTOP
            )  # again and again: one that was just born has not heard it
            time.sleep(0.2)
        tell(signal.SIGCONT)
        spent = time.monotonic() - since
        self.start, self.last = self.start + spent, self.last + spent

    def verdict(self):
        if self.told("pause"):
            self.hold_up()
        timeout, silence = self.order["timeout"], self.order["silence"]
        folder, now = self.order["watch"], time.monotonic()
        if self.stopped or self.told("stop"):
            return "stopped"
        if timeout and now - self.start > timeout:
            return "timeout"
        if grown := self.overgrown(now):
            return grown
        quiet = now - self.last
        if silence and quiet > silence:
            if not folder or not changed_since(folder, time.time() - quiet):
                return "silent"
            self.last = now
        return None

    def overgrown(self, now):
        """Why the whole family has become too much for the machine, None if it has not."""
        if now < self.count_at:
            return None
        all_of_it = family()
        took = time.monotonic() - now
        self.count_at = now + max(COUNT, SHARE * took)
        processes, memory = self.order["most"]
        if len(all_of_it) > processes:
            tell(signal.SIGKILL, all_of_it)  # a polite word would only give it time
            return "processes"
        too_much = sum(all_of_it.values()) > memory
        return "memory" if too_much else None

    def reason(self, process):
        """Waits until the command ends or must be stopped."""
        while not (reason := self.verdict()):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
                return "exited"
        return reason


def start(order):
    stdin = open(order["stdin"], "rb") if order["stdin"] else subprocess.DEVNULL  # noqa: SIM115
    return subprocess.Popen(
        order["argv"],
        cwd=order["cwd"],
        env=order["env"],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if order["errors"] else subprocess.STDOUT,
        start_new_session=True,
        pass_fds=order["pass_fds"],
    )


def carry_out(order):
    """The command's end, as the record that arena reads."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    watch = Watch(order)
    try:
        process = start(order)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in an argument
        return {"error": str(error)}
    # The command holds its own copies; ours would keep a reader of a result pipe waiting for ever.
    for number in order["pass_fds"]:
        os.close(number)
    logs = [Log(process.stdout, order["log"], watch, order["cap"])]
    if process.stderr:
        logs.append(Log(process.stderr, order["errors"], watch, order["cap"]))
    reason = watch.reason(process)
    seconds, exited = time.monotonic() - watch.start, reason == "exited"
    survivors = end_all(process, min(order["grace"], 0.5) if exited else order["grace"])
    for log in logs:
        log.close()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "reason": reason,
        "exit_code": process.returncode,
        "seconds": seconds,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "survivors": survivors if exited else 0,
    }


def main():
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(0, 1 << 16) or b"\n"
    print(json.dumps(carry_out(json.loads(line))), flush=True)
    os._exit(0)  # threads may still wait for input


if __name__ == "__main__":
    main()
