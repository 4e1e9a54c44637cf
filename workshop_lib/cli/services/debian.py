"""Debian's packages of the services, fetched where root runs on a Debian."""

import os
import shutil
import subprocess
from collections.abc import Sequence

from workshop_lib.cli.services.kinds import ServiceError
from workshop_lib.home import project_root
from workshop_lib.i18n import _


def can_install() -> bool:
    """Whether this is root on a Debian or Ubuntu, in a checkout, which has the script."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None and project_root() is not None


def install(packages: Sequence[str]) -> None:
    """Get them, without letting them start the services that they bring.

    Raises:
        ServiceError: apt-get failed.
    """
    root = project_root()
    assert root is not None
    command = ["sh", str(root / "scripts" / "debian_packages.sh"), *packages]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        why = (done.stderr.strip() or done.stdout.strip() or str(done.returncode)).splitlines()[-1]
        raise ServiceError(_("apt-get could not install {names}: {why}").format(names=" ".join(packages), why=why))
