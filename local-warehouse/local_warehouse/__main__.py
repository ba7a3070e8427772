"""`python -m local_warehouse` is the command `local-warehouse`."""

import sys

from local_warehouse.cli import main

sys.exit(main())
