"""``python -m api`` is ``tandem``."""

from api.cli import main

main()
