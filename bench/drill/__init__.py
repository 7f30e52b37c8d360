"""`make drill`: kill, pause and cut off services of a stack under load, then prove that nothing was lost."""
