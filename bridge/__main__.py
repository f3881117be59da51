"""`python -m bridge` is `evbridge`."""

import sys

from bridge.cli import main

sys.exit(main())
