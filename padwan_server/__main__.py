"""``padwan-server`` and ``python -m padwan_server``."""

import os
import sys


def main() -> int:
    """The program. An editor waits for its language server: that starts without the command line's library."""
    # pydantic looks through all installed packages for plugins, of which we have none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    if sys.argv[1:] in (["lsp"], ["lsp", "--stdio"]):
        from padwan_server.lsp.server import run  # noqa: PLC0415 nothing else of the program is loaded

        run()
    from padwan_server.cli.main import main  # noqa: PLC0415

    return main()


if __name__ == "__main__":
    sys.exit(main())
