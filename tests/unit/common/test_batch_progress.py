"""Progress of earlier versions: where their tables are, and whether their values are right."""

import pytest

from common.batch_progress import FORM, Progress


@pytest.mark.parametrize(
    ("form", "outdated", "layer"),
    [(1, True, "transformed"), (2, False, "transformed"), (FORM, False, "cleaned")],
)
def test_the_form_says_where_the_tables_are_and_whether_to_rebuild_them(
    form: int, outdated: bool, layer: str
) -> None:
    progress = Progress(form=form)
    assert (progress.is_outdated, progress.layer) == (outdated, layer)
