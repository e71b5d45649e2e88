"""How long `arena --help` takes beside the smallest click program: ratio of medians, in turn, in one run.

    python benchmarks/startup.py [runs]

Exit code 1 if the ratio is above the bar.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BAR = 1.5
HELLO = '''import click

@click.command()
@click.option("--name", help="Whom to greet.")
def hello(name):
    """Say hello."""
    click.echo(f"Hello {name}")

hello()
'''


def seconds(command: list[str]) -> float:
    """Wall time of one call."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def main(runs: int) -> int:
    """Measures, prints, and says whether the bar is met."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "hello.py"
        script.write_text(HELLO)
        commands = {
            "click hello": [sys.executable, "-P", str(script), "--help"],
            "arena --help": [sys.executable, "-P", "-m", "arena", "--help"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(runs + 2):
            for name, command in commands.items():
                spent = seconds(command)
                if number >= 2:  # the first two fill the caches
                    times[name].append(spent)
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, median in medians.items():
        print(f"{name:14} {1000 * median:6.1f} ms")
    ratio = medians["arena --help"] / medians["click hello"]
    print(f"{'ratio':14} {ratio:6.2f}    bar {BAR}, {runs} runs each")
    return 0 if ratio <= BAR else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 21))
