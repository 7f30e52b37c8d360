"""What each part costs a record, what more of it gives on this machine, and what a rate of posts takes."""
