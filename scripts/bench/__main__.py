"""Measure textcnn beside other programs: python scripts/bench --data FOLDER --only train,predict"""

import sys

from options import parse

from textcnn.errors import InputError


def main() -> None:
    options = parse(sys.argv[1:], __doc__)
    try:
        from parts import carry_out  # takes seconds, for torch

        carry_out(options)
    except InputError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        print(f"interrupted; parts measured until then are in {options.output}", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
