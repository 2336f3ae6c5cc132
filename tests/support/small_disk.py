"""A disk of a few megabytes that a test can fill: a tmpfs, where this user may mount one."""

import os
import pathlib
import subprocess


class SmallDisk:
    def __init__(self, folder, megabytes):
        self.folder = pathlib.Path(folder)
        self._megabytes = megabytes
        self._ballast = self.folder / "ballast"

    @staticmethod
    def can_be_made():
        return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        size = f"size={self._megabytes}m,mode=755"
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "obleth-test", self.folder], check=True)
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "--lazy", self.folder], check=True)

    def fill(self):
        with open(self._ballast, "ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while file.write(b"\0" * size):
                        pass
                except OSError:
                    continue

    def make_room(self):
        self._ballast.unlink(missing_ok=True)
