"""``python -m padwan_server.emulator``."""

import sys

from padwan_server.emulator.program import main

sys.exit(main())
