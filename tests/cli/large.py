"""Large files through `nats object`: item 102. `--object-bytes` of run.py sets the size."""

import hashlib
import os
import time

from tool import *

# Without the option: enough for hundreds of chunks.
SIZE = 32 << 20
# Bytes that are written and compared at a time.
PIECE = 1 << 20


def digest(path):
    """SHA-256 of a file."""
    found = hashlib.sha256()
    with open(path, "rb") as source:
        while piece := source.read(PIECE):
            found.update(piece)
    return found.hexdigest()


@case(102, slow=True, timeout=900.0)
def a_large_file_there_and_back(ctx):
    size = int(os.environ.get("MIDGE_OBJECT_BYTES", SIZE))
    tool = nats(ctx, config='jetstream { store_dir: "js", max_mem: 64MB, max_file: 8GB }\n')
    tool.run("object", "add", "B")
    with open(tool.path("large"), "wb") as out:
        left = size
        while left > 0:
            left -= out.write(os.urandom(min(PIECE, left)))
    wanted = digest(tool.path("large"))
    begun = time.monotonic()
    out = tool.out("object", "put", "B", "large", "--no-progress", timeout=400)
    put = time.monotonic() - begun
    matches(out, "Digest: SHA-256 %s\n" % wanted)
    begun = time.monotonic()
    tool.run("object", "get", "B", "large", "-O", "copy", "--no-progress", timeout=400)
    get = time.monotonic() - begun
    eq((os.path.getsize(tool.path("copy")), digest(tool.path("copy"))), (size, wanted))
    eq(tool.run("object", "ls", "B", "-n").out, "large\n")
    # The file is compared; how long it took is only told.
    print("object of %d bytes: put %.2f s, get %.2f s" % (size, put, get))
