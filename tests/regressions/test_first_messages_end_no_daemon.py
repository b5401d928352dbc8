# SPDX-License-Identifier: Apache-2.0
"""A daemon that is found by many messages at its start reads them: nova-compute was once ended by
SIGSEGV when sixteen of its threads met a Struct for the first time at once.
"""

import os
import subprocess
import sys
import threading

DAEMONS, THREADS, TAKEN_BY = 40, 16, "read by all"


def test_many_threads_read_their_first_orders_at_once():
    done = subprocess.run(
        [sys.executable, __file__], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stdout.splitlines() == [TAKEN_BY] * DAEMONS, (done.stdout, done.stderr[-2000:])


class Daemon:
    """Reads its first orders with all its threads."""

    def start(self):
        import msgspec  # noqa: PLC0415 - in the process that is to die only

        from nova_appliance.domain.guest import Disk, Guest  # noqa: PLC0415
        from nova_appliance.rpc.orders import ServerOrder, Ticket  # noqa: PLC0415

        ticket = Ticket(cell_id="c", saga_id="s", step="build", epoch=1)
        guest = Guest(
            server_id="s", name="i", display_name="i", project_id="p", user_id="u",
            flavor_name="f", vcpus=1, memory_mib=1, disks=(Disk(name="disk", size_gib=1),),
        )  # fmt: skip
        order = ServerOrder(ticket=ticket, server_id="s", guest=guest)
        wire = msgspec.to_builtins(order)
        ready, read = threading.Barrier(THREADS), []

        def take():
            ready.wait()
            read.append(msgspec.convert(wire, ServerOrder))

        threads = [threading.Thread(target=take) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if read == [order] * THREADS:
            print(TAKEN_BY, flush=True)
        os._exit(0)


def main():
    from nova_appliance.cmd import compute, wiring  # noqa: PLC0415 - in this process only
    from nova_appliance.conf import load  # noqa: PLC0415

    assert compute
    conf = load.load(files=[])
    sys.setswitchinterval(1e-6)
    for _ in range(DAEMONS):
        child = os.fork()
        if not child:
            wiring.run(conf, Daemon())
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
