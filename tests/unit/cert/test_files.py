# SPDX-License-Identifier: Apache-2.0
"""Files of certificates: who only looks leaves no trace."""

import os

from nova_appliance.cert import files


def test_who_holds_a_folder_leaves_the_time_of_its_lock(tmp_path):
    with files.alone(tmp_path):
        (lock,) = tmp_path.iterdir()
    os.utime(lock, (1, 1))
    with files.alone(tmp_path):
        assert lock.stat().st_mtime == 1
