"""A record with many tenants and keys: one of each is made by the Management API, the others are its copies in SQL."""

import hashlib
import os
import sqlite3
import uuid

from gateway_path.servers import fresh_folder, prepare_tenant

RECORD = "obleth.db"  # the file of the embedded record, in the folder of data


def secret_of(number):
    """Of the key with this number, in the form that keys have."""
    return "sk_" + hashlib.sha256(str(number).encode()).hexdigest()[:48]


def copies(database, table, columns_of):
    """Inserts a row for each of `columns_of`, which says what is different in it; the rest is as in the table's one row."""
    database.row_factory = sqlite3.Row
    first = dict(database.execute(f"SELECT * FROM {table} WHERE name = 'bench'").fetchone())
    names = list(first)
    marks = ", ".join("?" * len(names))
    rows = ([(first | columns)[name] for name in names] for columns in columns_of)
    database.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)


def build(bed, folder, tenants, keys):
    """A folder for a gateway's files; `keys` belong to the tenants in turns, and key n opens with secret_of(n)."""
    data = fresh_folder(folder)
    server, admin = bed.start_obleth("builder", data)
    prepare_tenant(admin)
    server.program.stop()
    database = sqlite3.connect(data / RECORD)
    with database:
        owners = [os.urandom(16) for _ in range(tenants)]
        copies(database, "tenants", ({"id": id, "name": f"tenant {at}"} for at, id in enumerate(owners)))
        copies(
            database,
            "keys",
            (
                {
                    "id": uuid.uuid4().bytes,
                    "tenant_id": owners[at % tenants],
                    "name": f"key {at}",
                    "hash": hashlib.sha256(secret_of(at).encode()).digest(),
                }
                for at in range(keys)
            ),
        )
    database.close()
    return data
