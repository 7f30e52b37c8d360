"""The cleaning rules: DataFrame of raw records -> DataFrame of cleaned rows."""
