"""Read what the jobs take in: landed records, Parquet files, corrected texts."""
