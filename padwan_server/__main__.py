"""``python -m padwan_server``."""

import sys

from padwan_server.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
