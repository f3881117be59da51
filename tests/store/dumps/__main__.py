"""Print the dump of a database."""

import sys
from pathlib import Path

from tests.store.dumps import dump

sys.stdout.write(dump(Path(sys.argv[1])))
