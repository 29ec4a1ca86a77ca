"""`python -m tests.bench.other`: a desk on the database of DATABASE_URL that answers each line, an address, with the
seconds its page took. So two sizes of the same queue are measured in turns.
"""

import sys

import django

from tests.faults import world


def main() -> int:
    django.setup()
    from tests.bench.pages import Desk  # noqa: PLC0415 -- it needs Django set up

    desk = Desk(world.now())
    desk.ours()
    for line in sys.stdin:
        print(desk.takes(line.strip()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
