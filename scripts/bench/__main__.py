"""Compare the speed, memory and accuracy of textcnn with other programs."""

import sys

from options import parse

from textcnn.errors import InputError


def main() -> None:
    options = parse(sys.argv[1:], __doc__)
    try:
        from parts import measure_parts  # imports torch, which takes seconds

        measure_parts(options)
    except InputError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        print(f"interrupted; the finished parts are saved in {options.output}", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
