"""`python -m lib.demo`: load the demo tenants into whatever database the settings name, on purpose."""

from __future__ import annotations

import argparse

from lib import command_line, database, demo
from lib.catalog import system as system_catalog
from lib.errors import CatalogError, end_process
from lib.settings import settings

if __name__ == "__main__":
    argparse.ArgumentParser("python -m lib.demo", description=__doc__).parse_args()
    try:
        database.start(settings())
        with database.operate() as conn:
            system_catalog.load(conn)
            loaded = demo.load(conn)
        if loaded:
            with database.operate_outside_transaction() as conn:
                demo.analyze(conn)
        else:
            command_line.say("The demo tenants are there already; nothing was changed.")
    except CatalogError as error:
        end_process(error)
    finally:
        database.stop()
