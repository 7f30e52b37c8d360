"""Find the notebook that %run or dbutils.notebook.run names."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from workspace.formats import NOTEBOOK_SUFFIXES

# Where a workspace keeps a person's notebooks: what follows is their own folder's layout, wherever it is here.
_HOME = re.compile(r"(?:/Workspace)?/(?:Users|Repos|Shared)(?:/[^/]+@[^/]+)?(?P<rest>/.*)")


@dataclass(frozen=True)
class Workspace:
    """The folder that stands for a workspace: paths with a slash in front begin there."""

    root: Path

    def find(self, named: str, folder: Path) -> Path:
        """Return the file of a notebook.

        Args:
            named: as the notebook says it: relative, or `/Users/<somebody>/...`, its suffix left out or not.
            folder: where the notebook that names it is.

        Raises:
            FileNotFoundError: there is none; the message says where it was looked for.
        """
        bases = self._bases(named, folder)
        for base in bases:
            for path in (base, *(base.with_name(base.name + suffix) for suffix in NOTEBOOK_SUFFIXES)):
                if path.is_file():
                    return path
        tried = " or ".join(str(base) for base in bases)
        raise FileNotFoundError(
            f"no notebook {named}: there is no {tried} that ends in {', '.join(NOTEBOOK_SUFFIXES)}"
        )

    def _bases(self, named: str, folder: Path) -> list[Path]:
        """Return where the notebook may be, without its suffix."""
        if not PurePosixPath(named).is_absolute():
            return [folder / named]
        inside = [named.lstrip("/")]
        if match := _HOME.fullmatch(named):
            inside.append(match["rest"].lstrip("/"))
        return [self.root / each for each in inside]
