"""``python -m bootstrap install|wheelhouse [EXTRA,EXTRA]``: exit status 1 with one line if it can't."""

import errno
import sys
from pathlib import Path

from bootstrap.pip import Interrupted
from bootstrap.problems import Problem
from bootstrap.setup import Setup


def main(arguments: list[str]) -> int:
    """Run one command; the exit status."""
    if not arguments or arguments[0] not in ("install", "wheelhouse") or len(arguments) > 2:
        print("usage: scripts/setup.sh install|wheelhouse [EXTRA,EXTRA]", file=sys.stderr)
        return 2
    names = [name for name in "".join(arguments[1:]).split(",") if name]
    setup = Setup(Path.cwd(), say=lambda line: print(line, flush=True))
    try:
        if arguments[0] == "install":
            setup.install(names)
        else:
            setup.fill_wheelhouse(names)
    except Problem as problem:
        print(f"set-up: {problem}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            print("set-up: the disk is full. Free some space and run the same command again", file=sys.stderr)
        else:
            print(f"set-up: {error.strerror}: {error.filename}. Mend that and run this again", file=sys.stderr)
        return 1
    except (Interrupted, KeyboardInterrupt):
        print("\nset-up: interrupted. Run the same command again: what was downloaded is kept", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
