"""What the jobs read: landed records, Parquet files, corrected texts."""
